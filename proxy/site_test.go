package proxy

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

// sitesTable has applications with several hosts: wildcards, paths, aliases.
func sitesTable(t testing.TB) proxyctl.Table {
	open := func(id string, hosts []string, sites ...proxyctl.Site) proxyctl.Route {
		return proxyctl.Route{Instance: id, Name: id, Hosts: hosts, Sites: sites, State: proxyctl.StateReady,
			Access: proxyctl.AccessOpen, Target: &proxyctl.Target{ID: id, Network: "tcp", Address: "127.0.0.1:1"}}
	}
	areas := open("areas", []string{"x.org"}, proxyctl.Site{Name: "areas.org", Prefix: "/a"},
		proxyctl.Site{Name: "www.x.org", RedirectTo: "x.org"}, proxyctl.Site{Name: "*.areas.org"})
	areas.Access, areas.ProxyAll = proxyctl.AccessAreas, true
	files := open("files", nil, proxyctl.Site{Name: "x.org", Prefix: "/files"})
	files.StaticDir, files.Target = t.TempDir(), nil
	return table(areas, files,
		open("docs", nil, proxyctl.Site{Name: "x.org", Prefix: "/docs"}, proxyctl.Site{Name: "only.x.org", Prefix: "/docs"},
			proxyctl.Site{Name: "docs.org", RedirectTo: "x.org/docs"}),
		open("v2", nil, proxyctl.Site{Name: "x.org", Prefix: "/docs/v2", Strip: true}),
		open("api", nil, proxyctl.Site{Name: "x.org", Prefix: "/api"}),
		open("wild", []string{"wild.org"}, proxyctl.Site{Name: "*.x.org"}, proxyctl.Site{Name: "*.x.org", Prefix: "/w"}),
		open("exact", []string{"exact.x.org"}, proxyctl.Site{Name: "old.x.org", RedirectTo: "exact.x.org"}),
	)
}

func sitesSnapshot(t testing.TB) *snapshot {
	t.Helper()
	s, err := compile(sitesTable(t), newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSites(t *testing.T) {
	s := sitesSnapshot(t)
	for _, c := range []struct {
		host, path string
		want       string // target, or what is done
	}{
		// exact names before wildcards, of one label
		{"exact.x.org", "/", "exact"}, {"EXACT.x.ORG.:8443", "/", "exact"}, {"exact.x.org", "/w", "exact"},
		{"a.x.org", "/", "wild"}, {"A_-1.X.org:8443", "/a//b", "wild"}, {"a.x.org", "/w/x", "wild"},
		{"a.b.x.org", "/", "421"}, {".x.org", "/", "421"}, {"*.x.org", "/", "421"}, {"a*.x.org", "/", "421"},
		{"-a.x.org", "/", "421"}, {"a-.x.org", "/", "421"}, {"a\"b.x.org", "/", "421"}, {"org", "/", "421"}, {"", "/", "421"},
		{strings.Repeat("a", 63) + ".x.org", "/", "wild"}, {strings.Repeat("a", 64) + ".x.org", "/", "421"},
		{strings.Repeat("a.", 130) + "x.org", "/", "421"}, {"1.2.3.4", "/", "421"},
		// the longest path first, part by part
		{"x.org", "/", "areas"}, {"x.org", "/public/x", "areas"}, {"x.org", "/docsx", "areas"}, {"x.org", "/doc", "areas"},
		{"x.org", "/docs", "docs"}, {"x.org", "/docs/", "docs"}, {"x.org", "/docs/x", "docs"}, {"x.org", "/docs/v", "docs"},
		{"x.org", "/docs/v2", "slash"}, {"x.org", "/docs/v2/", "v2"}, {"x.org", "/docs/v2/x", "v2"},
		{"x.org", "/docs/v22", "docs"}, {"x.org", "/x/docs", "areas"}, {"x.org", "/files/x", "file"},
		{"x.org", "/files", "slash"},
		// what nobody has of a host is the wildcard's
		{"only.x.org", "/docs/x", "docs"}, {"only.x.org", "/", "wild"}, {"only.x.org", "/w", "wild"},
		// an odd reading leads nowhere else
		{"x.org", "/Docs/x", "400"}, {"x.org", "/%64ocs/x", "400"}, {"x.org", "/docs%2fx", "400"}, {"x.org", "//docs", "400"},
		{"x.org", "/docs/../api", "400"}, {"x.org", "/docs/..%2fapi", "400"}, {"x.org", "/docs/%2e%2e/x", "400"},
		{"x.org", "/docs/%252e%252e/x", "400"}, {"x.org", "/docs;a/x", "400"}, {"x.org", "/docs/v2%2f..%2f..", "400"},
		{"x.org", "/docs/%762/x", "400"}, {"x.org", "/docs//v2", "400"}, {"x.org", `/docs\v2`, "400"},
		{"x.org", "/docs/v2//evil.org", "400"}, {"x.org", "/x/..%2fdocs", "400"}, {"x.org", "/d%C2%ADocs/x", "400"},
		{"x.org", "/docs./x", "400"}, {"x.org", "/docs/v2;/../x", "400"}, {"x.org", "/do%ffcs/x", "400"},
		// but what is odd and leads nowhere is the open application's own
		{"x.org", "/docs/@a%2fb", "docs"}, {"x.org", "/docs/a//b", "docs"}, {"x.org", "/docs/%25", "docs"},
		{"x.org", "/docs/A", "docs"}, {"x.org", "/docs/v2/a%2fb//c", "v2"},
		// nobody else gets a refresh token, or answers for the host
		{"x.org", "/api/x", "api"}, {"x.org", "/api/set_token", "404"}, {"x.org", "/public/login", "503"},
		{"x.org", "/.well-known/acme-challenge/x", "404"}, {"x.org", "/internal/x", "401"},
		// applications with areas have whole hosts
		{"areas.org", "/a/x", "404"}, {"areas.org", "/", "404"}, {"areas.org", "/public/login", "503"},
		{"a.areas.org", "/internal/x", "401"}, {"a.areas.org", "/public/x", "areas"},
		// aliases
		{"www.x.org", "/a//b", "to x.org"}, {"www.x.org", "/internal/x", "to x.org"}, {"www.x.org", "/docs", "to x.org"},
		{"docs.org", "/x", "to x.org/docs"}, {"old.x.org", "/", "to exact.x.org"}, {"old.x.org", "*", "400"},
		{"www.x.org", "/.well-known/acme-challenge/x", "404"}, {"old.x.org", "/.well-known/nexushub/x", "404"},
		{"old.x.org", "/api/set_token", "404"}, {"old.x.org", "/api/%73et_token", "404"},
		{"www.x.org", "/api/set_token", "set"},
	} {
		r := &request{method: "GET", authority: c.host, path: c.path, requestURI: c.path}
		if got := s.decide(r, someGrants{}); says(got) != c.want {
			t.Errorf("%s%s: %s (%s), want %s", c.host, c.path, says(got), got.reason, c.want)
		}
	}
}

// says is a decision in a word.
func says(d decision) string {
	switch d.action {
	case actForward:
		return d.targets.all[0].ID
	case actRedirect:
		return "to " + d.alias.String()
	case actRefuse:
		return map[int]string{400: "400", 401: "401", 404: "404", 421: "421", 503: "503"}[d.status]
	}
	return map[action]string{actFile: "file", actSlash: "slash", actSetToken: "set"}[d.action]
}

func TestServerNamesOfSites(t *testing.T) {
	s := sitesSnapshot(t)
	for name, subject := range map[string]string{
		"exact.x.org": "exact.x.org", "EXACT.x.org.": "exact.x.org", "a.x.org": "*.x.org", "b.x.org": "*.x.org",
		"www.x.org": "www.x.org", "only.x.org": "only.x.org", "a.b.x.org": "", "*.x.org": "", "x.org:443": "", "": "",
	} {
		if got := s.subject(name); got != subject || s.knows(name) != (subject != "") {
			t.Errorf("%s is certified as %q, want %q", name, got, subject)
		}
	}
	tb := sitesTable(t)
	for i := range tb.Routes {
		tb.Routes[i].ACME = tb.Routes[i].Name == "wild" || tb.Routes[i].Name == "docs" || tb.Routes[i].Name == "exact"
	}
	s, err := compile(tb, newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"wild.org": true, "x.org": true, "only.x.org": true, "docs.org": true, "exact.x.org": true,
		"old.x.org": true}
	for _, name := range s.optedIn() {
		if !want[name] {
			t.Errorf("%s is asked for", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not asked for: %v", want)
	}
}

func TestFaultsOfSites(t *testing.T) {
	for name, sites := range map[string][]proxyctl.Site{
		"twice":           {{Name: "x.org", Prefix: "/a"}, {Name: "x.org", Prefix: "/a"}},
		"wildcard twice":  {{Name: "*.x.org"}, {Name: "*.x.org"}},
		"bad prefix":      {{Name: "x.org", Prefix: "/a/../b"}},
		"bad wildcard":    {{Name: "*.*.x.org"}},
		"bad alias":       {{Name: "x.org", RedirectTo: "https://y.org"}},
		"path of the API": {{Name: "admin.yesterday.localhost", Prefix: "/x"}},
		"API as alias":    {{Name: "admin.yesterday.localhost", RedirectTo: "x.org"}},
	} {
		var routes []proxyctl.Route
		for i, is := range sites {
			routes = append(routes, proxyctl.Route{Instance: name + string(rune('0'+i)), State: proxyctl.StateReady,
				Sites: []proxyctl.Site{is}})
		}
		if _, err := compile(table(routes...), newTargets(inCommon())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A proxy from before there were sites takes the table as it is, and serves the plain names.
func TestTableOfAnEarlierVersion(t *testing.T) {
	var now, then struct {
		Format int `json:"format"`
		Routes []struct {
			Hosts []string `json:"hosts"`
		} `json:"routes"`
	}
	b, err := json.Marshal(sitesTable(t))
	if err != nil || json.Unmarshal(b, &then) != nil || then.Format != 1 || then.Routes[0].Hosts[0] != "x.org" {
		t.Errorf("%+v, %v", then, err)
	}
	old := `{"format":1,"routes":[{"instance":"a","state":"ready","hosts":["x.org"]}]}`
	var tb proxyctl.Table
	if json.Unmarshal([]byte(old), &tb) != nil || json.Unmarshal([]byte(old), &now) != nil {
		t.Fatal("no table")
	}
	if s, err := compile(tb, newTargets(inCommon())); err != nil || s.lookup("x.org") == nil {
		t.Errorf("%v", err)
	}
}

// Sites over real connections: what the application sees, and where browsers are led.
func TestSitesAreServed(t *testing.T) {
	f := start(t)
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Host+" "+r.RequestURI+" "+strings.Join(r.Header["X-Forwarded-Prefix"], ","))
	})
	root, docs := routeTo(t, "root", "x.org", echo), routeTo(t, "docs", "docs.org", echo)
	root.Access, docs.Access = proxyctl.AccessOpen, proxyctl.AccessOpen
	root.Sites = []proxyctl.Site{{Name: "*.x.org"}, {Name: "www.x.org", RedirectTo: "x.org"},
		{Name: "x.net", RedirectTo: "docs.org/d"}}
	docs.Sites = []proxyctl.Site{{Name: "x.org", Prefix: "/docs"}, {Name: "x.org", Prefix: "/cut/off", Strip: true},
		{Name: "files.org", Prefix: "/f"}}
	docs.StaticDir = t.TempDir()
	for name, content := range map[string]string{
		"index.html": "the index", "a/index.html": "the index of a", "b.txt": "b",
	} {
		path := filepath.Join(docs.StaticDir, name)
		if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, []byte(content), 0o644) != nil {
			t.Fatal(name)
		}
	}
	f.apply(table(root, docs))
	both(t, f, func(t *testing.T, c *http.Client) {
		for url, want := range map[string]string{
			"x.org/a//b?c":         "x.org /a//b?c ",
			"any.x.org/a":          "any.x.org /a ",
			"x.org:8443/docs/x?y":  "x.org:8443 /docs/x?y ",
			"x.org/docs/":          "the index",
			"x.org/docs/b.txt":     "b",
			"x.org/docs?x":         "308 /docs/?x",
			"x.org/docs/a":         "301 /docs/a/",
			"x.org/cut/off":        "308 /cut/off/",
			"x.org/cut/off/":       "the index",
			"x.org/cut/off/p?q=/r": "x.org /p?q=/r /cut/off",
			"x.org/cut/off/a/":     "the index of a",
			"files.org/f/b.txt":    "b",
			"www.x.org/a//b?c=d":   "308 https://x.org/a//b?c=d",
			"www.x.org:8443/docs":  "308 https://x.org:8443/docs",
			"x.net/a":              "308 https://docs.org/d/a",
			"WWW.x.org//evil.org/": "308 https://x.org//evil.org/",
		} {
			r, err := c.Get("https://" + url)
			if err != nil {
				t.Fatal(url, err)
			}
			got := body(t, r)
			if to := r.Header.Get("Location"); to != "" {
				got = r.Status[:4] + to
			}
			if got != want {
				t.Errorf("%s: %s %q, want %q", url, r.Status, got, want)
			}
		}
		r, err := c.Post("https://x.org/cut/off", "", nil)
		if got := body(t, r); err != nil || got != "x.org / /cut/off" {
			t.Errorf("POST: %q %v", got, err)
		}
	})
	plain := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("tcp", f.plain)
	}}, CheckRedirect: f.http(false).CheckRedirect}
	for url, want := range map[string]string{
		"x.org/a?b": "https://x.org" + portOf(f.addr) + "/a?b", "any.x.org/": "https://any.x.org" + portOf(f.addr) + "/",
		"www.x.org/a?b": "https://x.org" + portOf(f.addr) + "/a?b", "x.org/docs": "https://x.org" + portOf(f.addr) + "/docs",
	} {
		r, err := plain.Get("http://" + url)
		if err != nil || r.StatusCode != 308 || r.Header.Get("Location") != want {
			t.Errorf("http://%s: %v, %v", url, r, err)
		}
	}
}

// Nobody but the proxy says what was cut off, not even a proxy before it that is trusted. Where nothing
// is cut off here, that one may have cut something off.
func TestForwardedPrefixIsOurs(t *testing.T) {
	for _, c := range []struct{ peers, inApp, below string }{
		{"192.0.2.0/24", "null\n", "[\"/p\"]\n"},
		{"127.0.0.0/8", "[\"/theirs\"]\n", "[\"/p\"]\n"},
	} {
		f := start(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(c.peers)} })
		app := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			json.NewEncoder(w).Encode(r.Header.Values("X-Forwarded-Prefix"))
		}))
		app.Access, app.Sites = proxyctl.AccessOpen, []proxyctl.Site{{Name: "x.org", Prefix: "/p", Strip: true}}
		f.apply(table(app))
		both(t, f, func(t *testing.T, client *http.Client) {
			for url, want := range map[string]string{appHost + "/": c.inApp, "x.org/p/": c.below} {
				r, _ := http.NewRequest("GET", "https://"+url, nil)
				r.Header.Set("X-Forwarded-Prefix", "/theirs")
				resp, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				if got := body(t, resp); got != want {
					t.Errorf("trusting %s, %s: %q, want %q", c.peers, url, got, want)
				}
			}
		})
	}
}

// checkSite: no server or framework reads a path as one of another application than that which
// the proxy sends it to.
func checkSite(t *testing.T, s *site, p string) {
	t.Helper()
	found, doubt := s.at(p)
	if doubt != "" {
		return
	}
	for r, by := range readings(p) {
		if got := s.match(strings.ToLower(r)); got != found {
			t.Errorf("%q belongs to %q, but %s reads it as %q, which belongs to %q", p, found.prefix, by, r, got.prefix)
		}
	}
}

func FuzzSites(f *testing.F) {
	for p := range certain {
		f.Add(p)
		f.Add("/docs" + p)
	}
	for _, p := range doubtful {
		f.Add(p)
		f.Add("/docs/v2" + p)
	}
	s := sitesSnapshot(f).lookup("x.org")
	f.Fuzz(func(t *testing.T, p string) { checkSite(t, s, p) })
}

func FuzzHosts(f *testing.F) {
	for _, h := range []string{"x.org", "A.x.org:1", "*.x.org", "a..x.org", "\x00.x.org", "-.x.org", "a.x.org."} {
		f.Add(h)
	}
	s := sitesSnapshot(f)
	f.Fuzz(func(t *testing.T, authority string) {
		found := s.lookup(authority)
		host := (&request{authority: authority}).host()
		if found != nil && s.lookup(host) != found {
			t.Errorf("%q and %q, its canonical form, lead to two sites", authority, host)
		}
		if found != nil && strings.ContainsAny(host, "*/\\ \"<>\r\n\x00:@") {
			t.Errorf("%q is a host", host)
		}
	})
}

// BenchmarkLookup: a plain name costs what it did before there were others.
func BenchmarkLookup(b *testing.B) {
	s := sitesSnapshot(b)
	for name, host := range map[string]string{
		"exact": "exact.x.org:8443", "wildcard": "some.x.org:8443", "unknown": "x.example:8443",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.lookup(host)
			}
		})
	}
}
