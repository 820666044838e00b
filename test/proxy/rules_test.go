package proxy_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
)

func everything(t *testing.T) []application {
	openFiles := maps.Clone(hostileFiles)
	openFiles["static/api/file.js"], openFiles["static/.well-known/acme-challenge/a"] = "console.log(2)", "a.b"
	files := map[string]string{
		"static/index.html": "<h1>web</h1>", "static/app.js": "console.log(1)",
		"static/big.css": "plain", "static/big.css.gz": "squeezed", "secret.txt": "outside of static",
		"errors/404.html": "<h1>web has no such page</h1>", "static/client.html": clientPage,
	}
	return []application{
		{name: "web", id: webID, pkg: appPackage(t, "env = { LABEL = \"web\" }\n", files)},
		{name: "other", id: otherID, pkg: appPackage(t, "proxy_all = true\nidle_timeout = \"1s\"\nenv = { LABEL = \"other\" }\n", nil)},
		{name: "open", id: openID, pkg: appPackage(t, "access = \"open\"\nenv = { LABEL = \"open\" }\n", openFiles)},
		{name: "admin", id: adminID, pkg: appPackage(t, "env = { LABEL = \"admin\" }\n", nil)},
		{name: "login", id: loginID, pkg: loginPackage(t, "")},
		{name: "site", id: siteID, config: "static_path = \"/usr/share/common-licenses\"\n"},
	}
}

// rule is one request and its answer. SECRET in a header stands for the internal one.
type rule struct {
	method, name, path string
	headers            []string
	status             int
	contains           string // in the body
	absent             string // not in the body
}

const instanceHeader, bearer = "X-Application-Id", "Bearer SECRET"

var (
	secretly       = []string{"Authorization", bearer}
	foreign        = []string{"Authorization", "Basic dTpw", "Cookie", "mine=1; YRT=stolen"}
	toOther        = []string{instanceHeader, otherID}
	toOtherMadeUp  = append(toOther, "Authorization", "Bearer x")
	toOtherSecret  = append(toOther, secretly...)
	toAdminSecret  = append([]string{instanceHeader, adminID}, secretly...)
	toNobodySecret = append([]string{instanceHeader, "aaaaaaaa-0000-4000-8000-00000000ffff"}, secretly...)
)

var rules = map[string]rule{
	"unknown host":                         {"GET", "nobody", "/", nil, 421, "", "web"},
	"debug API wants a token":              {"GET", "admin", "/debug/application", nil, 401, "", ""},
	"debug API on the internal host":       {"GET", "internal", "/debug/application", nil, 401, "", ""},
	"no debug API on other hosts":          {"GET", "web", "/debug/application", nil, 404, "", ""},
	"internal host has nothing else":       {"GET", "internal", "/", nil, 404, "", ""},
	"login page on any host":               {"GET", "web", "/public/login?continue=/x", nil, 200, `value="/x"`, ""},
	"login page on a static host":          {"GET", "site", "/public/login", nil, 200, "Log in", ""},
	"logout page on any host":              {"GET", "other", "/public/logout", nil, 200, "Log out", ""},
	"instance header without a right":      {"GET", "web", "/public/x", toOther, 401, "", otherID},
	"instance header, made-up token":       {"GET", "web", "/public/x", toOtherMadeUp, 401, "", otherID},
	"instance header with the secret":      {"GET", "web", "/public/x", toOtherSecret, 200, `"label":"other"`, ""},
	"instance header on the internal host": {"GET", "internal", "/api/applications", toAdminSecret, 200, `"label":"admin"`, ""},
	"instance header, unknown instance":    {"GET", "web", "/public/x", toNobodySecret, 404, "", "web"},
	"public needs nothing":                 {"GET", "web", "/public/x?y=1", nil, 200, `"uri":"/public/x?y=1"`, ""},
	"public, POST":                         {"POST", "web", "/public/x", nil, 200, `"method":"POST"`, ""},
	"api without":                          {"GET", "web", "/api/x", nil, 401, "", `"label"`},
	"api with a made-up token":             {"GET", "web", "/api/x", []string{"Authorization", "Bearer made-up"}, 401, "", `"label"`},
	"api with the secret":                  {"GET", "web", "/api/x", secretly, 200, `"label":"web"`, ""},
	"health is no exception":               {"GET", "web", "/api/status", nil, 401, "", "ok\n"},
	"internal without":                     {"GET", "web", "/internal/x", nil, 401, "", `"label"`},
	"internal with the secret":             {"GET", "web", "/internal/x", secretly, 200, `"label":"web"`, ""},
	"disguised internal":                   {"GET", "web", "/public/%2e%2e/internal/x", nil, 400, "", `"label"`},
	"doubled slash":                        {"GET", "web", "//internal/x", nil, 400, "", `"label"`},
	"access token without a cookie":        {"POST", "web", "/api/access_token", nil, 200, `{"login_url":"https://login.yesterday.localhost:8443/"}`, ""},
	"index":                                {"GET", "web", "/", nil, 200, "<h1>web</h1>", ""},
	"file":                                 {"GET", "web", "/app.js", nil, 200, "console.log", ""},
	"range":                                {"GET", "web", "/app.js", []string{"Range", "bytes=0-6"}, 206, "console", "log"},
	"precompressed":                        {"GET", "web", "/big.css", []string{"Accept-Encoding", "gzip"}, 200, "squeezed", ""},
	"not compressed for who cannot":        {"GET", "web", "/big.css", nil, 200, "plain", ""},
	"no such file":                         {"GET", "web", "/none", nil, 404, "", "outside"},
	"a file takes GET and HEAD":            {"POST", "web", "/app.js", nil, 405, "", ""},
	"no traversal":                         {"GET", "web", "/%2e%2e/secret.txt", nil, 400, "", "outside"},
	"static site":                          {"GET", "site", "/GPL-3", nil, 200, "GNU GENERAL PUBLIC LICENSE", ""},
	"link inside of the site":              {"GET", "site", "/GPL", nil, 200, "GNU GENERAL PUBLIC LICENSE", ""},
	"static site has no application":       {"GET", "site", "/public/x", nil, 404, "", ""},
	"proxy_all":                            {"GET", "other", "/anything", nil, 200, `"label":"other"`, ""},
	"open: its own api":                    {"DELETE", "open", "/api/x", foreign, 200, `"Authorization":["Basic dTpw"],"Cookie":["mine=1"]`, "stolen"},
	"open: its own internal":               {"GET", "open", "/internal", nil, 200, `"label":"open"`, ""},
	"open: its own login":                  {"GET", "open", "/public/logout", nil, 200, `"uri":"/public/logout"`, ""},
	"open: any path":                       {"GET", "open", "/a%2Fb;c/API/%252e", nil, 200, `"uri":"/a%2Fb;c/API/%252e"`, ""},
	"open: files first":                    {"GET", "open", "/api/file.js", nil, 200, "console.log(2)", ""},
	"open: no file, POST":                  {"POST", "open", "/api/file.js", nil, 200, `"method":"POST"`, ""},
	"open: the secret stays here":          {"GET", "open", "/internal", secretly, 200, `"label":"open"`, "Bearer"},
	"open: never another application":      {"GET", "open", "/x", toOtherSecret, 200, `"label":"open"`, otherID},
	"open: by its host alone":              {"GET", "internal", "/x", []string{instanceHeader, openID, "Authorization", bearer}, 404, "", `"label"`},
	"open: no login cookie is set":         {"GET", "open", "/api/set_token?token=t&continue=/", nil, 404, "", `"label"`},
	"open: nor by another spelling":        {"GET", "open", "/%61pi//set%5Ftoken?token=t&continue=/", nil, 404, "", `"label"`},
	"open: who holds the host":             {"GET", "open", "/.well-known/acme-challenge/x", nil, 404, "", `"label"`},
	"open: who holds the host, by a file":  {"GET", "open", "/.well-known/acme-challenge/a", nil, 200, "a.b", ""},
	"who holds the host":                   {"GET", "other", "/.well-known/acme-challenge/x", nil, 404, "", `"label"`},
	"trailing dot":                         {"GET", "web", "/public/x", []string{"Host", "web." + domain + "." + port}, 200, `"label":"web"`, ""},
	"upper case":                           {"GET", "web", "/public/x", []string{"Host", "WEB." + strings.ToUpper(domain) + port}, 200, `"label":"web"`, ""},
}

func TestRules(t *testing.T) {
	onSuitesAtOnce(t, everything, func(t *testing.T, h *host) {
		secret := h.secret(t)
		t.Run("held", func(t *testing.T) { held(t, h) })
		for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
			for name, want := range rules {
				t.Run(protocol+" "+name, func(t *testing.T) { want.check(t, c, secret) })
			}
		}
		t.Run("what the application sees", func(t *testing.T) { seenByApplication(t, h, secret) })
		t.Run("file headers", func(t *testing.T) { fileHeaders(t, h) })
		t.Run("open application", func(t *testing.T) { openApplication(t, h) })
		t.Run("errors", func(t *testing.T) { errorAnswers(t, h) })
		t.Run("access log", func(t *testing.T) { accessLog(t, h) })
		t.Run("operators", func(t *testing.T) { operators(t, h) })
		t.Run("developer", func(t *testing.T) { developer(t, h) })
		t.Run("closed service", func(t *testing.T) { closedService(t, h) })
		h.Write(t, "/etc/nexushub/conf.d/hold.toml", shortHold) // in force when the next has restarted everything
		t.Run("tokens", func(t *testing.T) { tokens(t, h, secret) })
		t.Run("never ready", func(t *testing.T) { neverReady(t, h) })
		t.Run("streaming", func(t *testing.T) { streaming(t, h) })
		t.Run("slides", func(t *testing.T) { slides(t, h) })
		t.Run("round trips", func(t *testing.T) { roundTrips(t, h) })
	})
}

func (want rule) check(t *testing.T, c *http.Client, secret string) {
	r, err := http.NewRequestWithContext(t.Context(), want.method, "https://"+want.name+"."+domain+port+want.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(want.headers); i += 2 {
		if want.headers[i] == "Host" {
			r.Host = want.headers[i+1]
			continue
		}
		r.Header.Set(want.headers[i], strings.Replace(want.headers[i+1], "SECRET", secret, 1))
	}
	got, err := send(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != want.status {
		t.Errorf("status %d, want %d: %s", got.StatusCode, want.status, got.body)
	}
	if !strings.Contains(got.body, want.contains) {
		t.Errorf("no %q in: %.400s", want.contains, got.body)
	}
	if want.absent != "" && strings.Contains(got.body, want.absent) {
		t.Errorf("%q in: %.400s", want.absent, got.body)
	}
	if got.Header.Get("X-Trace-ID") == "" {
		t.Error("no X-Trace-ID")
	}
}

// openApplication has no secret to lose, and says what it is.
func openApplication(t *testing.T, h *host) {
	for id, want := range map[string]string{openID: "0", otherID: "1"} {
		got := h.Sh(t, "tr '\\0' '\\n' </proc/$(systemctl show --value -p MainPID "+h.target(t, id)+
			")/environ | grep -c ^INTERNAL_SECRET= || :")
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %s internal secrets in its environment, want %s", id, got, want)
		}
	}
	if out := h.Sh(t, "nexushub list | grep ^open; nexushub status open"); !strings.Contains(out, " open ") ||
		!strings.Contains(out, "access: open") {
		t.Errorf("list and status:\n%s", out)
	}
	ws, err := h.openWebSocket(t.Context(), h.tlsConfig(t), "open")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.echo("to and fro"); err != nil {
		t.Error(err)
	}
}
