package proxy

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

const openHost = "open.yesterday.localhost"

func TestOpenApplication(t *testing.T) {
	const files, basic = "open-files.yesterday.localhost", "not a token of ours"
	passes := func(d decision) bool { return d.keepAuth && !d.keepRefresh && !d.keepSecret && !d.keepApp }
	withheld := func(d decision) bool { return !d.keepAuth && !d.keepRefresh && !d.keepSecret && !d.keepApp }
	s := testSnapshot(t)
	for _, c := range []struct {
		name   string
		req    request
		action action
		status int
		target string
		check  func(decision) bool
	}{
		{"a page", request{authority: openHost, path: "/"}, actForward, 0, "open", passes},
		{"its own api", request{authority: openHost, path: "/api/x", method: "PROPFIND"}, actForward, 0, "open", passes},
		{"its own internal", request{authority: openHost, path: "/internal/x"}, actForward, 0, "open", passes},
		{"its own public", request{authority: openHost, path: "/public/login"}, actForward, 0, "open", passes},
		{"its own tokens", request{authority: openHost, path: "/api/access_token", method: "POST"}, actForward, 0,
			"open", passes},
		{"its own debug", request{authority: openHost, path: "/debug/application"}, actForward, 0, "open", passes},
		{"a format", request{authority: openHost, path: "/internal.json"}, actForward, 0, "open", passes},
		{"other letters", request{authority: openHost, path: "/API/X"}, actForward, 0, "open", passes},
		{"what is read in more than one way", request{authority: openHost, path: "/a//b/..%2Fc/%252e"}, actForward, 0,
			"open", passes},
		{"a WebSocket", request{authority: openHost, path: "/api/ws", upgrade: "websocket"}, actForward, 0, "open", passes},
		{"its own credentials", request{authority: openHost, path: "/", bearer: basic}, actForward, 0, "open", passes},
		{"the internal secret", request{authority: openHost, path: "/internal", bearer: secret}, actForward, 0, "open",
			withheld},
		{"a token of another application", request{authority: openHost, path: "/api", bearer: "token-" + appID},
			actForward, 0, "open", withheld},
		{"X-Application-Id", request{authority: openHost, path: "/api/x", applicationID: appID, bearer: secret},
			actForward, 0, "open", withheld},
		{"a file, or what the application has", request{authority: files, path: "/api/x"}, actFile, 0, "", passes},
		{"no file for a WebSocket", request{authority: files, path: "/x", upgrade: "websocket"}, actForward, 0,
			"open-files", passes},

		{"by its id", request{authority: "internal.yesterday.localhost", path: "/x", applicationID: "open",
			bearer: secret}, actRefuse, 404, "", nil},
		{"set token", request{authority: openHost, path: "/api/set_token", method: "GET"}, actRefuse, 404, "", nil},
		{"set token, POST", request{authority: openHost, path: "/api/set_token", method: "POST"}, actRefuse, 404, "", nil},
		{"set token with files", request{authority: files, path: "/api/set_token"}, actRefuse, 404, "", nil},
		{"ACME", request{authority: openHost, path: "/.well-known/acme-challenge/x"}, actRefuse, 404, "", nil},
		{"ACME in disguise", request{authority: openHost, path: "//.well-known%2facme-challenge/x"}, actRefuse, 404, "",
			nil},
		{"ACME, WebSocket", request{authority: files, path: "/.well-known/acme-challenge/x", upgrade: "websocket"},
			actRefuse, 404, "", nil},
		{"ACME from a file", request{authority: files, path: "/.well-known/acme-challenge/x"}, actFile, 0, "", nil},
		{"the proxy's own", request{authority: openHost, path: "/.well-known/nexushub/x"}, actRefuse, 404, "", nil},
		{"others' well-known", request{authority: openHost, path: "/.well-known/security.txt"}, actForward, 0, "open",
			passes},
		{"no path", request{authority: openHost, path: "*", method: "OPTIONS"}, actRefuse, 400, "", nil},
		{"without TLS", request{authority: openHost, path: "/a//b", plain: true}, actRedirect, 0, "", nil},

		{"ACME in areas", request{authority: "all.yesterday.localhost", path: "/.well-known/acme-challenge/x"}, actRefuse,
			404, "", nil},
		{"ACME from a file in areas", request{authority: "app.yesterday.localhost",
			path: "/.well-known/acme-challenge/x"}, actFile, 0, "", nil},
		{"ACME to a development server", request{authority: "dev.yesterday.localhost",
			path: "/.well-known/acme-challenge/x"}, actRefuse, 404, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := s.decide(&c.req, someGrants{})
			target := ""
			if d.targets != nil {
				target = d.targets.all[0].ID
			}
			if d.action != c.action || d.status != c.status || target != c.target || (c.check != nil && !c.check(d)) ||
				d.route == nil && strings.HasPrefix(c.req.authority, "open") && !c.req.plain {
				t.Errorf("decided %+v (target %q)", d, target)
			}
		})
	}
}

// The proxy calls what is under /internal of the login and the admin application: a table
// that opened them would let everybody do so.
func TestLoginAndAdminAreNeverOpen(t *testing.T) {
	for _, id := range []string{loginID, adminID} {
		tb := table(proxyctl.Route{Instance: id, Hosts: []string{"x.example"}, State: proxyctl.StateReady,
			Access: proxyctl.AccessOpen, Target: &proxyctl.Target{ID: "x", Network: "tcp", Address: "127.0.0.1:1"}})
		s, err := compile(tb, newTargets(inCommon()))
		if err != nil {
			t.Fatal(err)
		}
		if d := s.decide(&request{authority: "x.example", path: "/internal/x"}, someGrants{}); d.status != 401 {
			t.Errorf("%s: decided %+v", id, d)
		}
	}
}

// tokenPaths are spellings of the path to which the login application sends browsers with
// their refresh token.
var tokenPaths = []string{
	"/api/set_token", "/API/Set_Token", "/api/set_token/", "//api/set_token", "/api//set_token", "/x/../api/set_token",
	"/api/%73et_token", "/api/%2573et_token", "/api%2fset_token", "/api/set%5ftoken", "/api/set_token;x=y",
	"/api;x/set_token",
	`/api\set_token`, "/api/set_token.json", "/api/set_token%20", "/api/./set_token", "/api/%EF%BD%93et_token",
	"/%61pi/set_token", "/api/set_token%3fx", "/api/set_token%23", "/api/x/%2e%2e/set_token", "/api/set_token%00",
	"/api/x/..;/set_token", "/api//%25252573et_token", "/%2561pi/%252573et_token/..%2fset_token",
}

func TestNobodyReadsATokenPathFromAnOpenApplication(t *testing.T) {
	for _, p := range tokenPaths {
		if a := openArea(p); a != areaSetToken {
			t.Errorf("%s: area %d", p, a)
		}
	}
	for _, p := range append(append([]string{}, tokenPaths...), doubtful...) {
		checkOpenReadings(t, p)
	}
	for p := range certain {
		checkOpenReadings(t, p)
	}
	for _, p := range []string{"/api/set_tokens", "/api/settoken", "/set_token", "/a//b", "/100%", "/caf\xc3\xa9",
		"/%e9t%e9", "/a%2Fb", "/a%252Fb", "/x/../y", "/.git/config"} {
		if a := openArea(p); a != areaOther {
			t.Errorf("%s: area %d, but it is the application's own", p, a)
		}
	}
}

func checkOpenReadings(t *testing.T, p string) {
	t.Helper()
	if openArea(p) != areaOther {
		return
	}
	for r, by := range readings(p) {
		r = strings.ToLower(strings.TrimSuffix(r, "/"))
		if a := plainArea(r); a == areaSetToken || a == areaProxy {
			t.Errorf("%q is forwarded, but %s reads it as %q", p, by, r)
		}
	}
}

func FuzzOpenReadings(f *testing.F) {
	for _, p := range append(append([]string{}, tokenPaths...), doubtful...) {
		f.Add(p)
	}
	f.Fuzz(checkOpenReadings)
}

func TestDeepEncodingIsDecodedInLinearTime(t *testing.T) {
	deep := "/" + strings.Repeat("%25", 20_000) + "/../x"
	if a := openArea(deep); a != areaOther {
		t.Errorf("area %d", a)
	}
}

// TestDebugAPIIsNotOpened by an application that has the agent's host name.
func TestDebugAPIIsNotOpened(t *testing.T) {
	tb := table(proxyctl.Route{Instance: "x", Hosts: []string{"admin.yesterday.localhost"}, State: proxyctl.StateReady,
		Access: proxyctl.AccessOpen, Target: &proxyctl.Target{ID: "x", Network: "tcp", Address: "127.0.0.1:1"}})
	tb.AgentSocket = "/run/nexushub/debug.sock"
	s, err := compile(tb, newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	d := s.decide(&request{authority: "admin.yesterday.localhost", path: "/debug/application"}, someGrants{})
	if d.targets == nil || d.targets.all[0].ID != "agent" {
		t.Errorf("decided %+v", d)
	}
}

// TestOpenApplicationWithFiles is asked for all that is no file, whatever it is called.
func TestOpenApplicationWithFiles(t *testing.T) {
	f := start(t)
	open := routeTo(t, "open", openHost, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Method+" "+r.RequestURI)
	}))
	open.Access, open.StaticDir, open.ProxyAll = proxyctl.AccessOpen, t.TempDir(), false
	if err := os.WriteFile(filepath.Join(open.StaticDir, "a.js"), []byte("a file"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.apply(table(open))
	both(t, f, func(t *testing.T, c *http.Client) {
		for ask, want := range map[string]string{
			"GET /a.js": "a file", "POST /a.js": "POST /a.js", "GET /b.js": "GET /b.js",
			"GET /internal.json": "GET /internal.json",
			"GET /x//y":          "GET /x//y", "GET /.well-known/acme-challenge/x": "", "POST /.well-known/nexushub/x": "",
		} {
			method, path, _ := strings.Cut(ask, " ")
			r, err := http.NewRequest(method, "https://"+openHost+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := body(t, resp); got != want && (want != "" || resp.StatusCode != 404 || strings.HasPrefix(got, method)) {
				t.Errorf("%s: %s %q, want %q", ask, resp.Status, got, want)
			}
		}
	})
}
