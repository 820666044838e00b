package proxy_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// folder makes a static folder full of traps. An outsider's file stands for everything
// that must not be served.
func (h *host) folder(t *testing.T) {
	t.Helper()
	h.Must(t, "sh", "-ec", `
		mkdir -p /srv/www/site/sub /srv/www/site/dots...; cd /srv/www
		echo OUTSIDE >secret.txt; chmod 644 secret.txt; gzip -k secret.txt
		cd site; echo '<p>home' >index.html; echo 0123456789 >a.txt; echo sub >sub/index.html; echo dots >dots.../x.txt
		ln -s ../secret.txt out.txt; ln -s /srv/www/secret.txt abs.txt; ln -s .. up; ln -s / root; ln -s sub/../../secret.txt around.txt; ln -s a.txt in.txt
		ln -s loop loop; ln -s /proc/self/environ environ; ln -s /proc/self/fd/0 fd
		echo plain >b.txt; ln -s ../secret.txt.gz b.txt.gz; ln -s ../secret.txt b.txt.br; mkfifo b.js.gz; echo 'let b' >b.js; mkdir c.js.br; echo 'let c' >c.js
		mkfifo pipe; mknod null c 1 3; mknod zero c 1 5; mkdir empty; mkdir pipes; mkfifo pipes/index.html
		echo HIDDEN >unreadable.txt; chmod 000 unreadable.txt; mkdir closed; echo HIDDEN >closed/x; chmod 700 closed
		echo 'a b' >'a b.txt'; echo uml >'ü.txt'; chmod -R o+rX /srv/www/site/sub; chmod 755 /srv/www /srv/www/site
	`)
}

// Paths in that folder and their answers: a status, or the body of a 200; 404; and 400.
var (
	staticFound = map[string]string{
		"/":                        "<p>home\n",
		"/a.txt":                   "0123456789\n",
		"/in.txt":                  "0123456789\n",
		"/sub/":                    "sub\n",
		"/sub":                     "301",
		"/a%20b.txt":               "a b\n",
		"/%C3%BC.txt":              "uml\n",
		"/dots.../x.txt":           "dots\n",
		"/a.txt?/../../secret.txt": "0123456789\n",
		"/b.txt":                   "plain\n",
		"/b.js":                    "let b\n",
		"/c.js":                    "let c\n",
		"/a.txt/":                  "0123456789\n",
		"/index.html/":             "<p>home\n",
	}
	staticMissing = []string{
		"/out.txt", "/abs.txt", "/up/secret.txt", "/root/etc/passwd", "/around.txt", "/loop", "/environ", "/fd",
		"/up", "/root", "/up/", "/b.txt.gz", "/b.txt.br", "/b.js.gz", "/pipe", "/null", "/zero", "/empty",
		"/empty/", "/pipes/", "/pipes", "/a.txt/x",
	}
	staticForbidden = []string{"/unreadable.txt", "/closed/x", "/closed/"}
	staticRefused   = []string{
		"/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
		"/%2e%2e%2fsecret.txt", "/%252e%252e/secret.txt", `/..\secret.txt`, "/%5c..%5csecret.txt",
		"//srv/www/secret.txt", "/..;/secret.txt", "/sub/..%00/secret.txt", "/a.txt%00.html",
		"/%c0%ae%c0%ae/secret.txt", "/..%ef%bc%8fsecret.txt", "/./a.txt", "/sub//index.html",
	}
)

func staticFiles(t *testing.T, h *host, send sender) {
	config, answers := h.tlsConfig(t), maps.Clone(staticFound)
	for _, path := range staticMissing {
		answers[path] = "404"
	}
	for _, path := range staticForbidden {
		answers[path] = "403"
	}
	for _, path := range staticRefused {
		answers[path] = "400"
	}
	for path, want := range answers {
		status, body, err := send(t.Context(), h, config, "folder", path)
		if got := status; err != nil || (got != want && (got != "200" || body != want)) ||
			strings.Contains(body, "OUTSIDE") || strings.Contains(body, "HIDDEN") {
			t.Errorf("%s: %s %v %.100q, want %q", path, got, err, body, want)
		}
	}
}

// conditions: neither a range nor a condition nor a coding leads to what a plain request
// does not get.
func conditions(t *testing.T, h *host) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		for _, headers := range [][]string{
			{"Accept-Encoding", "br, gzip"}, {"Range", "bytes=0-"}, {"Range", "bytes=0-0,-1"}, {"If-None-Match", "*"},
			{"If-Match", "*"}, {"If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
			{"If-Range", "x", "Range", "bytes=0-"}, {"Accept-Encoding", "gzip", "Range", "bytes=0-"},
		} {
			for _, path := range []string{"/out.txt", "/up/secret.txt", "/pipe", "/zero", "/pipes/", "/b.txt.gz"} {
				if got := do(t, c, "GET", "folder", path, "", headers...); got.StatusCode != 404 ||
					strings.Contains(got.body, "OUTSIDE") {
					t.Errorf("%s %s %v: %s %.100q", protocol, path, headers, got.Status, got.body)
				}
			}
			for _, path := range []string{"/b.txt", "/b.js", "/c.js"} {
				if got := do(t, c, "GET", "folder", path, "", headers...); got.StatusCode >= 400 &&
					got.StatusCode != 412 || got.Header.Get("Content-Encoding") != "" ||
					strings.Contains(got.body, "OUTSIDE") {
					t.Errorf("%s %s %v: %s %.100q", protocol, path, headers, got.Status, got.body)
				}
			}
		}
		if got := do(t, c, "HEAD", "folder", "/zero", ""); got.StatusCode != 404 {
			t.Errorf("%s: HEAD of a device: %s", protocol, got.Status)
		}
		if got := do(t, c, "GET", "folder", "/a.txt", "", "Range", "bytes=2-4"); got.StatusCode != 206 ||
			got.body != "234" {
			t.Errorf("%s: a range: %s %q", protocol, got.Status, got.body)
		}
	}
}

// unreadable: what the proxy's user may not read is 403, in the log and in the status, with the
// folder or file that is in the way, until it is not.
func unreadable(t *testing.T, h *host) {
	const file = "/srv/www/site/unreadable.txt: _nexushub-proxy may not read it (mode 0000, owner root): " +
		"chmod o+r /srv/www/site/unreadable.txt"
	const folder = "/srv/www/site: _nexushub-proxy may not enter it (mode 0700, owner root): chmod o+x /srv/www/site"
	h.forbids(t, "/unreadable.txt", 403, file)
	h.forbids(t, "/closed/x", 403, "/srv/www/site/closed: _nexushub-proxy may not enter it (mode 0700, owner root)")
	h.Must(t, "chmod", "o+r", "/srv/www/site/unreadable.txt")
	h.Must(t, "chmod", "o+x", "/srv/www/site/closed")
	h.forbids(t, "/unreadable.txt", 200, "")
	h.Must(t, "chmod", "700", "/srv/www/site")
	if got := h.status(t); !strings.Contains(got, folder) { // before anybody has asked for a page
		t.Errorf("status: %s", got)
	}
	h.forbids(t, "/", 403, folder)
	h.Must(t, "chmod", "711", "/srv/www/site")
	h.forbids(t, "/", 200, "")
}

// forbids asks for a file and looks whether the status and the log say why it was refused.
func (h *host) forbids(t *testing.T, path string, status int, why string) {
	t.Helper()
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		if got := do(t, c, "GET", "folder", path, ""); got.StatusCode != status || strings.Contains(got.body, "/srv") {
			t.Errorf("%s %s: %s %.200s", protocol, path, got.Status, got.body)
		}
	}
	said := h.status(t)
	if why == "" && strings.Contains(said, "may not") || !strings.Contains(said, why) {
		t.Errorf("%s: status: %s", path, said)
	}
	if why != "" && !strings.Contains(h.Must(t, "journalctl", "-q", "-u", "nexushub-proxy"), why) {
		t.Errorf("%s: the log does not say %s", path, why)
	}
}

// status is what an operator and a program are told of the folder's files.
func (h *host) status(t *testing.T) string {
	t.Helper()
	var app struct{ Unreadable []string }
	if err := json.Unmarshal([]byte(h.Must(t, "nexushub", "status", "--json", "folder")), &app); err != nil {
		t.Fatal(err)
	}
	text := h.Must(t, "nexushub", "status", "folder")
	for _, u := range app.Unreadable {
		if !strings.Contains(text, u) {
			t.Errorf("not in %s: %s", text, u)
		}
	}
	return strings.Join(app.Unreadable, "\n")
}
