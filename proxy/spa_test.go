package proxy

import "testing"

// What clients send as Accept.
const (
	chromePage   = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
	safariPage   = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	chromeImage  = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	firefoxImage = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
	style        = "text/css,*/*;q=0.1"
	script       = "*/*" // also fonts, fetch() and curl
	axios        = "application/json, text/plain, */*"
)

func TestWantsPage(t *testing.T) {
	for _, c := range []struct {
		path, accept string
		want         bool
	}{
		{"/users/7", chromePage, true},
		{"/users/jane.doe", chromePage, true},
		{"/users/jane.doe", safariPage, true},
		{"/users/jane.doe", "text/html", true},
		{"/users/jane.doe", "TEXT/HTML; q=0.5", true},
		{"/users/jane.doe", "application/xhtml+xml", true},
		{"/v1.2/notes", script, true},
		{"/search/a.b/", script, true},
		{"/index.php", chromePage, true},

		{"/users/jane.doe", script, false},
		{"/app.js", script, false},
		{"/app.css", style, false},
		{"/logo.png", chromeImage, false},
		{"/logo.png", firefoxImage, false},
		{"/favicon.ico", chromeImage, false},
		{"/data.json", axios, false},
		{"/robots.txt", "", false},

		{"/users/7", script, true},
		{"/users/7", "", true},
		{"/users/7", "text/*", true},
		{"/users/7", axios, true},
		{"/users/7", "application/json", false},
		{"/users/7", "image/*", false},
		{"/users/7", "text/html;q=0, */*", false},
		{"/users/7", "*/*;q=0.0", false},
		{"/users/jane.doe", "text/html ; level=1; q=0.000", false},
		{"/users/7", "text/event-stream", false},
	} {
		if got := wantsPage(c.path, c.accept); got != c.want {
			t.Errorf("%s with %q: %v", c.path, c.accept, got)
		}
	}
}

// FuzzWantsPage: who does not write html gets no page in place of a file.
func FuzzWantsPage(f *testing.F) {
	f.Add("/a.js", script)
	f.Add("/a.js", chromePage)
	f.Add("/", "text/html;q=")
	f.Fuzz(func(t *testing.T, path, accept string) {
		named, _ := acceptsHTML(accept)
		if wantsPage(path+".js", accept) != named {
			t.Errorf("%q, %q", path, accept)
		}
	})
}
