package proxy_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// echo is what the test application says that it got.
type echo struct {
	Instance, Label, Host, URI string
	PID                        int
	Header                     http.Header
}

func (a answer) echo(t testing.TB) (e echo) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("%s: %v: %.400s", a.Status, err, a.body)
	}
	return e
}

// seenByApplication: identity is the proxy's to tell, and secrets stay with it.
func seenByApplication(t *testing.T, h *host, secret string) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		got := do(t, c, "GET", "web", "/public/x", "", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-Host", "evil",
			"X-Forwarded-Proto", "http",
			"X-Trace-ID", "forged", "X-Internal-Secret", secret, "Cookie", "a=1; YRT=refresh; b=2", "Authorization", "Bearer "+secret, instanceHeader, webID)
		e := got.echo(t)
		for name, want := range map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "web." + domain + port,
			"Cookie": "a=1; b=2", "Authorization": "",
		} {
			if v := strings.Join(e.Header.Values(name), ", "); v != want {
				t.Errorf("%s: %s is %q, want %q", protocol, name, v, want)
			}
		}
		if e.Host != "web."+domain+port {
			t.Errorf("%s: Host is %q", protocol, e.Host)
		}
		if id := e.Header.Get("X-Trace-ID"); uuid.Validate(id) != nil || id != got.Header.Get("X-Trace-ID") {
			t.Errorf("%s: X-Trace-ID is %q for the application, %q for the client", protocol, id,
				got.Header.Get("X-Trace-ID"))
		}
		if strings.Contains(got.body, secret) {
			t.Errorf("%s: the secret reached a public page: %s", protocol, got.body)
		}
		kept := do(t, c, "GET", "web", "/public/x", "", "Authorization", "Bearer its-own").echo(t)
		if kept.Header.Get("Authorization") != "Bearer its-own" {
			t.Errorf("%s: an application's own token is lost: %v", protocol, kept.Header)
		}
	}
}

func fileHeaders(t *testing.T, h *host) {
	got := do(t, h.h1, "GET", "web", "/app.js", "")
	for name, want := range map[string]string{"Content-Type": "text/javascript; charset=utf-8",
		"Access-Control-Allow-Origin": "*", "Accept-Ranges": "bytes", "Content-Length": "14"} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	etag := got.Header.Get("ETag")
	if etag == "" || got.Header.Get("Last-Modified") == "" {
		t.Errorf("headers: %v", got.Header)
	}
	if again := do(t, h.h1, "GET", "web", "/app.js", "", "If-None-Match",
		etag); again.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: %s", again.Status)
	}
	gz := do(t, h.h1, "GET", "web", "/big.css", "", "Accept-Encoding", "gzip")
	if gz.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(gz.Header.Get("Vary"), "Accept-Encoding") ||
		!strings.HasPrefix(gz.Header.Get("Content-Type"), "text/css") {
		t.Errorf("precompressed: %v", gz.Header)
	}
	if gz.Header.Get("ETag") == do(t, h.h1, "GET", "web", "/big.css", "").Header.Get("ETag") {
		t.Error("both codings have one ETag")
	}
}
