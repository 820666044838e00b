package proxy_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	cleanerID = "aaaaaaaa-0000-4000-8000-000000000006"
	folderID  = "aaaaaaaa-0000-4000-8000-000000000007"
)

// disguised are paths that some application reads as another one.
var disguised = []string{
	"/public/../internal/x/%252e%252e/%252e%252e/public", "/x/../internal/%252e%252e/y",
	"/public/%252e%252e/internal/x%25", "/public/../internal/x", "/public/%2e%2e/internal/x",
	"/public/.%2e/internal/x", "/public/..;/internal/x", "/.;x/internal/x", "/public/%2e%2e;a=b/internal/x",
	"//internal/x", "/public//../internal/x", "/;/internal/x", `/\internal/x`,
	`/public\..\internal\x`, "/public%2f..%2finternal%2fx", "/public/..%5cinternal", "/%69nternal/x", "/INTERNAL/x",
	"/Api/x", "/internal;x/y", "/api;/x", "/internal%20/x", "/internal./x",
	"/%2finternal/x", "/internal%00", "/internal%0a", "/public/%c0%ae%c0%ae/internal/x",
	"/public/%u002e%u002e/internal/x", "/public/..%3f/internal/x", "/internal%3fx", "/public/%zz/../../internal/x",
	"/public/x#/../../internal/x", "http://cleaner.yesterday.localhost/../internal/x",
	"https://cleaner.yesterday.localhost/x/../internal/%252e%252e/y", "*", "cleaner.yesterday.localhost:443",
	"/public/%EF%BC%8E%EF%BC%8E/internal/x", "/internal.json", "/api.xml", "/public/... /internal", "/internal\t/x",
}

// plainPaths work as they always have.
var plainPaths = map[string]string{
	"/public/a%20b": "/public/a b", "/public/M%C3%BCller": "/public/Müller", "/users/jane.doe": "/users/jane.doe",
	"/public/a;b=c/d": "/public/a;b=c/d", "/public/x%5B0%5D": "/public/x[0]",
	"/.well-known/security.txt": "/.well-known/security.txt", "/c++/@me,~x(y)!": "/c++/@me,~x(y)!",
	"/public/x?to=/../%252e%2f//internal;x": "/public/x", "/a/b/": "/a/b",
	"https://cleaner.yesterday.localhost/public/x": "/public/x",
}

// TestDisguisedPaths: an application that decodes a path once and cleans it, as common
// servers do, gets no request under /internal and /api from anybody without the right to it;
// and no path leads out of a static folder, or makes the proxy wait for something that is not a file.
func TestDisguisedPaths(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := install(t, s)
		h.folder(t)
		h.deploy(t,
			application{name: "cleaner", id: cleanerID,
				pkg: appPackage(t, "proxy_all = true\nenv = { CLEANS = \"1\" }\n", nil)},
			application{name: "folder", id: folderID, config: "static_path = \"/srv/www/site\"\n"},
			application{name: "login", id: loginID, pkg: loginPackage(t, "")},
		)
		for protocol, send := range senders {
			t.Run(protocol+" disguised", func(t *testing.T) { disguisedPaths(t, h, send) })
			t.Run(protocol+" plain", func(t *testing.T) { everydayPaths(t, h, send, protocol) })
			t.Run(protocol+" static", func(t *testing.T) { staticFiles(t, h, send) })
		}
		t.Run("headers", func(t *testing.T) { otherPaths(t, h) })
		t.Run("conditions", func(t *testing.T) { conditions(t, h) })
		t.Run("unreadable", func(t *testing.T) { unreadable(t, h) })
		t.Run("cookies", func(t *testing.T) { foreignCookies(t, h) })
	})
}

// reading is the path as the application read it.
func reading(t *testing.T, body string) string {
	t.Helper()
	var echo struct{ Reading string }
	if err := json.Unmarshal([]byte(body), &echo); err != nil {
		t.Errorf("%v: %.200q", err, body)
	}
	return echo.Reading
}

func disguisedPaths(t *testing.T, h *host, send sender) {
	config := h.tlsConfig(t)
	for _, path := range disguised {
		status, body, err := send(t.Context(), h, config, "cleaner", path)
		switch {
		case err != nil:
			t.Errorf("%s: %v", path, err)
		case status == "200":
			t.Errorf("%s: the application reads %s", path, reading(t, body))
		case status != "" && status[0] != '4':
			t.Errorf("%s: %s", path, status)
		}
	}
}

func everydayPaths(t *testing.T, h *host, send sender, protocol string) {
	config := h.tlsConfig(t)
	for path, want := range plainPaths {
		if protocol == "h2" && path[0] != '/' {
			continue // HTTP/2 has no absolute form
		}
		status, body, err := send(t.Context(), h, config, "cleaner", path)
		if err != nil || status != "200" || reading(t, body) != want {
			t.Errorf("%s: %s %v %.200s", path, status, err, body)
		}
	}
}

// otherPaths: no header names another path than the request line.
func otherPaths(t *testing.T, h *host) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		got := do(t, c, "GET", "cleaner", "/public/internal/x", "", "X-Original-URL", "/internal/x", "X-Rewrite-URL",
			"/internal/x", "Script-Name", "/public")
		if got.StatusCode != 200 || strings.Contains(got.body, "X-Original-Url") ||
			strings.Contains(got.body, "X-Rewrite-Url") || strings.Contains(got.body, "Script-Name") {
			t.Errorf("%s: %s %s", protocol, got.Status, got.body)
		}
	}
}
