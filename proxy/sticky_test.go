package proxy

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

// stickyAmong leads appHost to sticky targets.
func stickyAmong(targets ...proxyctl.Target) proxyctl.Route {
	r := routeAmong(targets...)
	r.Sticky = true
	return r
}

// visit asks once, with these cookies, and returns who has answered and what cookie is set.
func visit(t *testing.T, c *http.Client, cookies string) (replica, sees, set string) {
	t.Helper()
	return visitAt(t, c, appHost+"/x", cookies)
}

func visitAt(t *testing.T, c *http.Client, address, cookies string) (replica, sees, set string) {
	t.Helper()
	q, err := http.NewRequest("GET", "https://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookies != "" {
		q.Header.Set("Cookie", cookies)
	}
	r, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	text := body(t, r)
	if r.StatusCode != 200 {
		t.Fatal(r.Status, text)
	}
	_, sees, _ = strings.Cut(text, "GET  ")
	return r.Header.Get("X-Replica"), sees, r.Header.Get("Set-Cookie")
}

// pairOf is what a browser sends of a cookie that it was told to set.
func pairOf(set string) string {
	pair, _, _ := strings.Cut(set, ";")
	return pair
}

var wellFormed = regexp.MustCompile(
	`^__Host-NexusHub-Replica-[0-9a-f]{8}=[0-9a-f]{32}; Path=/; Secure; HttpOnly; SameSite=Lax$`)

// TestSticky: a browser stays with the replica that has answered it first, also when the proxy has
// restarted; the application sees its own cookies alone.
func TestSticky(t *testing.T) {
	f := start(t)
	var targets []proxyctl.Target
	for _, id := range []string{"a", "b", "c", "d"} {
		targets = append(targets, newReplica(t, id, "").target())
	}
	f.apply(table(stickyAmong(targets...)))
	both(t, f, func(t *testing.T, c *http.Client) {
		seen := map[string]string{}
		for range 50 {
			replica, sees, set := visit(t, c, "theme=dark")
			if !wellFormed.MatchString(set) || sees != `["theme=dark"]` {
				t.Fatalf("the cookie is %q, and the application sees %s", set, sees)
			}
			if known := seen[replica]; known != "" && known != set {
				t.Errorf("two cookies for one replica: %s, %s", known, set)
			}
			seen[replica] = set
			for range 5 {
				again, sees, reset := visit(t, c, "theme=dark; "+pairOf(set)+"; lang=en")
				if again != replica || reset != "" || sees != `["theme=dark; lang=en"]` {
					t.Fatalf("came to %s, then to %s, which sees %s; set again: %q", replica, again, sees, reset)
				}
			}
		}
		if len(seen) != len(targets) {
			t.Errorf("newcomers come to %d replicas of %d", len(seen), len(targets))
		}
	})
	replica, _, set := visit(t, f.http(false), "")
	f.stop()
	f.run()
	f.stop = withStop(t, f.stop)
	if again, _, reset := visit(t, f.http(false), pairOf(set)); again != replica || reset != "" {
		t.Errorf("after the restart of the proxy %s became %s, cookie %q", replica, again, reset)
	}
	other := start(t)
	other.apply(table(stickyAmong(targets...)))
	if _, _, reset := visit(t, other.http(false), pairOf(set)); reset == "" || pairOf(reset) == pairOf(set) {
		t.Error("the values of another proxy mean something here")
	}
}

// withStop makes sure that a proxy that was started again ends before the test does.
func withStop(t *testing.T, stop func()) func() {
	t.Cleanup(stop)
	return stop
}

// TestStickyCookieIsNoPower: what is not a value of this application's replicas is as good as no
// cookie, and a value tells nothing.
func TestStickyCookieIsNoPower(t *testing.T) {
	f := start(t)
	a, b := newReplica(t, "nexushub-app-shop-web-2-abc.service", ""), newReplica(t, "b", "")
	f.apply(table(stickyAmong(a.target(), b.target())))
	c := f.http(false)
	_, _, set := visit(t, c, "")
	for f.server.snapshot.Load().instances[appID].targets.sticky.byValue[pairOf(set)[len(pairOf(set))-32:]].ID == "b" {
		_, _, set = visit(t, c, "")
	}
	for _, leak := range []string{"shop", "abc", "web", "127", strings.TrimPrefix(a.Addr().String(), "127.0.0.1:")} {
		if strings.Contains(strings.ToLower(pairOf(set)), leak) {
			t.Errorf("%s tells %q", set, leak)
		}
	}
	name, value, _ := strings.Cut(pairOf(set), "=")
	other := replicaCookie + "00000000"
	for _, forged := range []string{
		name + "=", name, name + "=nexushub-app-shop-web-2-abc.service", name + "=" + a.Addr().String(), name + "=0", name + "=1",
		name + "=" + strings.ToUpper(value), name + "=" + value + "0", name + `="` + value + `"`, name + "=" + value[:31],
		name + "==" + value, other + "=" + value, strings.ToLower(name) + "=" + value,
		name + "=" + strings.Repeat("f", 4000),
	} {
		if _, _, reset := visit(t, c, forged); reset == "" {
			t.Errorf("%.100s means something", forged)
		}
	}
	for _, good := range []string{
		pairOf(set), " " + pairOf(set) + " ", ";;" + pairOf(set), name + "=forged; " + pairOf(set),
		"a=b;" + pairOf(set) + ";c",
	} {
		replica, sees, reset := visit(t, c, good)
		if reset != "" || replica != a.id || strings.Contains(sees, "NexusHub") {
			t.Errorf("%q leads to %s, sets %q, and the application sees %s", good, replica, reset, sees)
		}
	}
}

// TestStickyReplicaGoes: the browser gets another replica, and its cookie, when its own is gone or
// cannot be reached; one that is there keeps it, even if it has not answered one request.
func TestStickyReplicaGoes(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		f := start(t, byHand)
		c := f.http(http2)
		own, silent, other := newReplica(t, "own", ""), newReplica(t, "silent", "-"), newReplica(t, "other", "")
		f.apply(table(stickyAmong(own.target(), other.target())))
		f.prefer("own", "other")
		_, _, set := visit(t, c, "")
		f.prefer("other", "own")
		if replica, _, reset := visit(t, c, pairOf(set)); replica != "own" || reset != "" {
			t.Errorf("one failure has cost the replica all its browsers: came to %s, cookie %q", replica, reset)
		}
		f.apply(table(stickyAmong(silent.target(), other.target())))
		f.prefer("other", "silent")
		replica, _, moved := visit(t, c, pairOf(set))
		if replica != "other" || moved == "" || pairOf(moved) == pairOf(set) {
			t.Errorf("its replica is gone: came to %s, cookie %q", replica, moved)
		}
		lines := f.server.snapshot.Load().instances[appID].targets.sticky.lines
		ofSilent := pairOf(string(lines[f.server.targets.find("silent")]))
		replica, _, reset := visit(t, c, ofSilent)
		if replica != "other" || reset != "" || silent.asked.Load() != 1 {
			t.Errorf("its replica, asked %d times, did not answer: came to %s, cookie %q", silent.asked.Load(), replica, reset)
		}
		f.server.targets.find("silent").draining.Store(true)
		if replica, _, reset = visit(t, c, ofSilent); replica != "other" || pairOf(reset) != pairOf(moved) {
			t.Errorf("its replica is drained: came to %s, cookie %q", replica, reset)
		}
		f.server.targets.find("silent").draining.Store(false)
		silent.Close()
		if replica, _, reset = visit(t, c, ofSilent); replica != "other" || pairOf(reset) != pairOf(moved) {
			t.Errorf("its replica cannot be reached: came to %s, cookie %q", replica, reset)
		}
	}
}

// TestStickyCookieAndCaches: a cache between us and browsers would give the cookie to others. Such
// an answer is made private or, if it is meant for caches, sets none.
func TestStickyCookieAndCaches(t *testing.T) {
	for _, c := range []struct {
		name, head string
		sets       bool
		control    []string
	}{
		{"nothing said", "", true, []string{"private"}},
		{"a time", "Cache-Control: max-age=60\r\n", true, []string{"max-age=60", "private"}},
		{"no-store", "Cache-Control: no-store\r\n", true, []string{"no-store", "private"}},
		{"Expires", "Expires: Thu, 01 Dec 2044 16:00:00 GMT\r\n", true, []string{"private"}},
		{"public", "Cache-Control: Public, max-age=60\r\n", false, []string{"Public, max-age=60"}},
		{"for shared caches", "cache-control: max-age=0\r\ncache-control: s-maxage=9\r\n", false, []string{"max-age=0", "s-maxage=9"}},
		{"for a network of caches", "CDN-Cache-Control: max-age=60\r\n", false, nil},
		{"for surrogates", "Surrogate-Control: max-age=60\r\n", false, nil},
		{"an early hint before it", "", true, []string{"private"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			says := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + c.head + "\r\n"
			if strings.Contains(c.name, "hint") {
				says = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + says
			}
			f.apply(table(stickyAmong(newReplica(t, "a", says).target(), newReplica(t, "b", says).target())))
			both(t, f, func(t *testing.T, client *http.Client) {
				r := get(t, client, "/x")
				body(t, r)
				sets, control := r.Header.Get("Set-Cookie") != "", r.Header.Values("Cache-Control")
				if sets != c.sets || !slices.Equal(control, c.control) {
					t.Errorf("sets a cookie: %v, with %q", sets, control)
				}
			})
		})
	}
}

// TestStickyNeighbours: two applications with paths of one host have a cookie each.
func TestStickyNeighbours(t *testing.T) {
	f := start(t)
	var routes []proxyctl.Route
	for id, prefix := range map[string]string{appID: "", loginID: "/docs"} {
		r := stickyAmong(newReplica(t, id+"-1", "").target(), newReplica(t, id+"-2", "").target())
		r.Instance, r.Access = id, proxyctl.AccessOpen
		if prefix != "" {
			r.Hosts, r.Sites = nil, []proxyctl.Site{{Name: appHost, Prefix: prefix}}
		}
		routes = append(routes, r)
	}
	tb := table(routes...)
	tb.LoginInstance = ""
	f.apply(tb)
	c := f.http(false)
	first, _, setFirst := visitAt(t, c, appHost+"/", "")
	second, _, setSecond := visitAt(t, c, appHost+"/docs/", pairOf(setFirst))
	jar := pairOf(setFirst) + "; " + pairOf(setSecond)
	for range 20 {
		if replica, _, reset := visitAt(t, c, appHost+"/", jar); replica != first || reset != "" {
			t.Fatalf("%s became %s, cookie %q", first, replica, reset)
		}
		if replica, _, reset := visitAt(t, c, appHost+"/docs/", jar); replica != second || reset != "" {
			t.Fatalf("%s became %s, cookie %q", second, replica, reset)
		}
	}
}

// TestNotSticky: no cookie is set, and none is taken out, where a route is not sticky. One that is,
// and has one target, which may be but for a moment, is silent about it and takes cookies out.
func TestNotSticky(t *testing.T) {
	f := start(t)
	a, b := newReplica(t, "a", ""), newReplica(t, "b", "")
	f.apply(table(stickyAmong(a.target())))
	cookie := f.server.snapshot.Load().instances[appID].targets.sticky.cookie + "=1"
	for _, c := range []struct {
		route proxyctl.Route
		sees  string
	}{
		{routeAmong(a.target(), b.target()), `["` + cookie + `"]`},
		{routeAmong(a.target()), `["` + cookie + `"]`},
		{stickyAmong(a.target()), "[]"},
	} {
		f.apply(table(c.route))
		both(t, f, func(t *testing.T, client *http.Client) {
			if _, sees, set := visit(t, client, cookie); set != "" || sees != c.sees {
				t.Errorf("%d targets, sticky %v: cookie %q, the application sees %s", len(c.route.AllTargets()),
					c.route.Sticky, set, sees)
			}
		})
	}
}

// TestStickyUpgrade: a WebSocket leads to the replica of its browser, or ties it to one.
func TestStickyUpgrade(t *testing.T) {
	f := start(t)
	says := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	f.apply(table(stickyAmong(newReplica(t, "a", says+"a").target(), newReplica(t, "b", says+"b").target())))
	upgrade := func(cookie string) string {
		conn := f.dial(appHost)
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+appHost+"\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"+cookie+"\r\n")
		b, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := upgrade("")
	_, cookie, _ := strings.Cut(first, "Set-Cookie: ")
	for range 10 {
		again := upgrade("Cookie: " + pairOf(cookie) + "\r\n")
		if strings.Contains(again, "Set-Cookie") || !strings.HasSuffix(again, first[len(first)-1:]) {
			t.Fatalf("%q became %q", first, again)
		}
	}
}

// TestStickyKey is private, kept, and replaced when it is damaged.
func TestStickyKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	load := func() []byte {
		key, err := loadKey(path)
		if err != nil || len(key) != keySize {
			t.Fatal(key, err)
		}
		return key
	}
	first := load()
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if !bytes.Equal(load(), first) {
		t.Error("it is not kept")
	}
	if err := os.WriteFile(path, first[:5], 0o600); err != nil {
		t.Fatal(err)
	}
	second := load()
	if bytes.Equal(second, first) || !bytes.Equal(load(), second) {
		t.Error("a damaged one is not replaced")
	}
	if _, err := loadKey(filepath.Dir(path)); err == nil {
		t.Error("what cannot be read is taken for a key")
	}
}
