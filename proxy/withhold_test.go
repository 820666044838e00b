package proxy

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

func TestWithoutToken(t *testing.T) {
	const cut, kept = true, false
	s := testSnapshot(t)
	for to, want := range map[string]bool{
		"https://open.yesterday.localhost/api/set_token?token=t&continue=/": cut,
		"https://open.yesterday.localhost:8443/api/set_token?token=t":       cut,
		"HTTP://OPEN.yesterday.localhost./api//set_token?token=t":           cut,
		"//open.yesterday.localhost/api/set%5Ftoken?token=t":                cut,
		`https:\\open.yesterday.localhost\api\set_token?token=t`:            cut,
		"https:////open.yesterday.localhost/api/set_token#token=t":          cut,
		" https://x@app@open.yesterday.localhost/api/set_token?token=t":     cut,
		"ht\ttps://open.yesterday.localhost/api/set_token?token=t":          cut,
		"https://%6fpen.yesterday.localhost/api/set_token?token=t":          cut,
		"https://open。yesterday.localhost/api/set_token?token=t":            cut,
		"https://open.yesterday.localhost/api/set_token":                    cut, // nothing is lost
		"https://open.yesterday.localhost/welcome?token=t":                  kept,
		"https://app.yesterday.localhost/api/set_token?token=t&continue=/":  kept,
		"https://other.example/api/set_token?token=t":                       kept,
		"https://admin.yesterday.localhost/api/set_token?token=t":           kept,
		"/api/set_token?token=t&continue=https://open.yesterday.localhost/": kept,
		"?x": kept, "": kept,
	} {
		got := string(s.withoutToken([]byte(to)))
		if is := got != to || to == "https://open.yesterday.localhost/api/set_token"; is != want {
			t.Errorf("%q became %q", to, got)
		}
	}
}

// TestTokenOfLogin: what the login application says is where the browser goes.
func TestTokenOfLogin(t *testing.T) {
	const to = "https://open.yesterday.localhost/api/set_token"
	f := start(t)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["location"] = []string{to + "?token=t"}
		w.WriteHeader(http.StatusSeeOther)
	})
	open := routeTo(t, "open", openHost, h)
	open.Access = proxyctl.AccessOpen
	f.apply(table(routeTo(t, loginID, "login.yesterday.localhost", h), open))
	both(t, f, func(t *testing.T, c *http.Client) {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for url, want := range map[string]string{
			"https://login.yesterday.localhost/public/login": to,
			"https://" + openHost + "/public/login":          to + "?token=t", // its own business
		} {
			resp, err := c.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			body(t, resp)
			if got := resp.Header.Get("Location"); got != want {
				t.Errorf("%s leads to %s, want %s", url, got, want)
			}
		}
	})
}

// TestAddressWithTokenIsNotShown to scripts of the host: not by its own error page, nor by ours,
// which a page of the host may have opened.
func TestAddressWithTokenIsNotShown(t *testing.T) {
	f := start(t)
	dir := t.TempDir()
	for _, name := range []string{"400.html", "404.html", "405.html"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("its own"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	app, open := appRoute(t, http.NotFoundHandler()), routeTo(t, "open", openHost, http.NotFoundHandler())
	app.ErrorDir, open.ErrorDir, open.Access, app.ProxyAll = dir, dir, proxyctl.AccessOpen, false
	f.apply(table(app, open))
	both(t, f, func(t *testing.T, c *http.Client) {
		for url, own := range map[string]bool{
			openHost + "/api/set_token?token=t": false, openHost + "/API//set%5ftoken?token=t": false,
			appHost + "/api/set_token?token=t&continue=https://evil.example/": false,
			appHost + "/x": true,
		} {
			for _, accept := range []string{"text/html", "application/json"} {
				r, err := http.NewRequest("GET", "https://"+url, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Accept", accept)
				resp, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				isOwn := body(t, resp) == "its own"
				boxed := strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), "; sandbox")
				silent := resp.Header.Get("Referrer-Policy") == "no-referrer"
				if isOwn != (own && accept == "text/html") || boxed == isOwn || silent == isOwn {
					t.Errorf("%s for %s: %s, its own page: %v, %v", url, accept, resp.Status, isOwn, resp.Header)
				}
			}
		}
	})
}
