package proxy

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

const (
	privateID   = "44444444-4444-4444-8444-444444444444"
	otherID     = "55555555-5555-4555-8555-555555555555"
	privateHost = "private.yesterday.localhost"
	otherHost   = "other.yesterday.localhost"
)

func privateRoute(id, host string, roles ...string) proxyctl.Route {
	return proxyctl.Route{Instance: id, Name: host, Hosts: []string{host}, State: proxyctl.StateReady,
		Access: proxyctl.AccessPrivate, Roles: roles,
		Target: &proxyctl.Target{ID: id, Network: "tcp", Address: "127.0.0.1:1"}}
}

func TestPrivateApplication(t *testing.T) {
	const files, slow, bob = "files.x", "slow.x", "bob@" + privateID
	app, held := privateRoute(privateID, privateHost, "alice", "bob"), privateRoute("slow", slow)
	withFiles := privateRoute(otherID, files)
	held.State, withFiles.StaticDir = proxyctl.StateStarting, t.TempDir()
	below := privateRoute("below", "below.x")
	below.Hosts, below.Sites = nil, []proxyctl.Site{{Name: "shared.x", Prefix: "/docs"}}
	s, err := compile(table(app, held, withFiles, below, privateRoute(loginID, "login.x"),
		privateRoute(adminID, "admin.x")),
		newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	by := func(user string, keepsAuth bool) func(decision) bool {
		return func(d decision) bool {
			return d.who != nil && d.who.User == user && d.token != "" && d.keepAuth == keepsAuth && !d.keepRefresh &&
				!d.keepSecret && !d.keepApp
		}
	}
	nobody := func(d decision) bool { return d.who == nil && d.token == "" && d.targets == nil }
	for _, c := range []struct {
		name   string
		req    request
		action action
		status int
		check  func(decision) bool
	}{
		{"nobody", request{path: "/"}, actSignIn, 0, nobody},
		{"by cookie", request{path: "/", entry: bob}, actForward, 0, by("bob", true)},
		{"by token", request{path: "/", bearer: bob, authorized: true}, actForward, 0, by("bob", false)},
		{"a token before a cookie", request{path: "/", bearer: bob, entry: "alice@" + privateID}, actForward, 0,
			by("bob", false)},
		{"its own credentials and a cookie", request{path: "/", bearer: "of the application", entry: bob}, actForward, 0,
			by("bob", true)},
		{"its own credentials alone", request{path: "/", bearer: "of the application"}, actSignIn, 0, nobody},
		{"without the role", request{path: "/", entry: "eve@" + privateID}, actRefuse, 403, nobody},
		{"without the role, by token", request{path: "/", bearer: "eve@" + privateID}, actRefuse, 403, nobody},
		{"any person", request{authority: files, path: "/", entry: "eve@" + otherID}, actFile, 0, by("eve", true)},
		{"no file for nobody", request{authority: files, path: "/"}, actSignIn, 0, nobody},
		{"nobody is not held", request{authority: slow, path: "/"}, actSignIn, 0, nobody},
		{"somebody is held", request{authority: slow, path: "/", entry: "eve@slow"}, actHold, 0, nil},

		{"the internal secret", request{path: "/", bearer: secret}, actSignIn, 0, nobody},
		{"the internal secret, internal", request{path: "/internal/x", bearer: secret}, actSignIn, 0, nobody},
		{"the internal secret and a cookie", request{path: "/internal/x", bearer: secret, entry: bob}, actForward, 0,
			by("bob", false)},
		{"the token of another application", request{path: "/api", bearer: "bob@" + otherID}, actSignIn, 0, nobody},
		{"the cookie of another application", request{path: "/", entry: "bob@" + otherID}, actSignIn, 0, nobody},
		{"a token that says nobody", request{path: "/api", bearer: "token-" + appID}, actSignIn, 0, nobody},
		{"by its id", request{authority: "internal.yesterday.localhost", path: "/", applicationID: privateID, bearer: secret},
			actRefuse, 404, nil},
		{"by its id, with its token", request{authority: appHost, path: "/", applicationID: privateID, bearer: bob},
			actRefuse, 421, nil},
		{"the id of another one", request{path: "/api/x", applicationID: appID, entry: bob}, actForward, 0, by("bob", true)},
		{"without TLS", request{path: "/", entry: bob, plain: true}, actRedirect, 0, nil},
		{"another name in TLS", request{path: "/", entry: bob, sni: "evil.example"}, actRefuse, 421, nobody},

		{"public", request{path: "/public/x"}, actSignIn, 0, nobody},
		{"its own login", request{path: "/public/login"}, actSignIn, 0, nobody},
		{"debug", request{path: "/debug/application"}, actSignIn, 0, nobody},
		{"operators' API", request{path: "/v1/apps"}, actSignIn, 0, nobody},
		{"dots", request{path: "/public/..%2f..;/x/%2e%2e/"}, actSignIn, 0, nobody},
		{"an empty path", request{path: "//"}, actSignIn, 0, nobody},
		{"no path", request{path: "*", method: "OPTIONS", entry: bob}, actRefuse, 400, nil},
		{"no path for nobody", request{path: "*", method: "OPTIONS"}, actSignIn, 0, nobody},
		{"ACME for nobody", request{path: "/.well-known/acme-challenge/x"}, actSignIn, 0, nobody},
		{"a preflight", request{path: "/", method: "OPTIONS", foreignOrigin: true}, actSignIn, 0, nobody},

		{"set token", request{path: "/api/set_token"}, actSetToken, 0, nobody},
		{"set token in disguise", request{path: "/api/%73et_token", entry: bob}, actRefuse, 404, nobody},
		{"a token", request{path: accessTokenPath, method: "POST"}, actAccessToken, 0, nobody},
		{"a token by GET", request{path: accessTokenPath}, actSignIn, 0, nobody},
		{"a token for a page of another origin", request{path: accessTokenPath, method: "POST", toldSite: true,
			foreignSite: true}, actSignIn, 0, nobody},
		{"its own tokens", request{path: "/api/access_token", method: "POST", entry: bob}, actForward, 0, by("bob", true)},
		{"the key", request{path: keysPath}, actKeys, 0, nobody},
		{"the key elsewhere", request{authority: "login.x", path: keysPath}, actKeys, 0, nobody},
		{"the key of an API host", request{authority: "internal.yesterday.localhost", path: keysPath}, actKeys, 0, nil},
		{"the key in disguise", request{path: "/.well-known/nexushub/%6beys"}, actSignIn, 0, nobody},

		{"a form of another origin", request{path: "/", method: "POST", entry: bob, toldSite: true, foreignSite: true},
			actRefuse, 403, nobody},
		{"a form of another origin, an old browser", request{path: "/", method: "POST", entry: bob, foreignOrigin: true},
			actRefuse, 403, nobody},
		{"a link of another origin", request{path: "/", method: "GET", entry: bob, toldSite: true, foreignSite: true},
			actForward, 0, by("bob", true)},
		{"a form of its own", request{path: "/", method: "POST", entry: bob, toldSite: true}, actForward, 0, by("bob", true)},
		{"a WebSocket of another origin", request{path: "/", method: "GET", entry: bob, upgrade: "websocket", toldSite: true,
			foreignOrigin: true}, actRefuse, 403, nobody},
		{"a WebSocket of its own", request{path: "/", method: "GET", entry: bob, upgrade: "websocket"}, actForward, 0,
			by("bob", true)},
		{"a WebSocket for nobody", request{path: "/", method: "GET", upgrade: "websocket"}, actSignIn, 0, nobody},
		{"a program from anywhere", request{path: "/", method: "POST", bearer: bob, foreignOrigin: true}, actForward, 0,
			by("bob", false)},
		{"a service worker", request{path: "/sw.js", entry: bob, worker: true}, actRefuse, 403, nobody},

		{"below a path", request{authority: "shared.x", path: "/docs/", entry: "bob@below"}, actRefuse, 404, nobody},
		{"the login application", request{authority: "login.x", path: "/internal/x"}, actRefuse, 401, nil},
		{"the admin application", request{authority: "admin.x", path: "/internal/x"}, actRefuse, 401, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.req.authority == "" {
				c.req.authority = privateHost
			}
			if c.req.method == "" {
				c.req.method = "GET"
			}
			d := s.decide(&c.req, someGrants{})
			if d.action != c.action || d.status != c.status || c.check != nil && !c.check(d) {
				t.Errorf("decided %+v", d)
			}
		})
	}
	for _, p := range tokenPaths {
		if d := s.decide(&request{authority: privateHost, path: p, entry: bob}, someGrants{}); d.targets != nil {
			t.Errorf("%s is forwarded", p)
		}
	}
}

func TestWayIn(t *testing.T) {
	const page = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, c := range []struct {
		name   string
		req    request
		accept string
		dest   string
		want   way
	}{
		{"a browser", request{}, page, "document", wayLogin},
		{"an old browser", request{}, page, "", wayLogin},
		{"signed in", request{refreshCookies: 1}, page, "document", wayIn},
		{"nobody knows as whom", request{refreshCookies: 2}, page, "document", wayLogin},
		{"a frame", request{refreshCookies: 1}, page, "iframe", wayNone},
		{"a script", request{refreshCookies: 1}, "*/*", "empty", wayNone},
		{"a program", request{}, "", "", wayNone},
		{"a program that takes anything", request{}, "*/*", "", wayNone},
		{"a program that takes no page", request{}, "text/html;q=0, */*", "", wayNone},
		{"a program with a wrong token", request{authorized: true}, page, "", wayNone},
		{"a form", request{method: "POST", refreshCookies: 1}, page, "document", wayNone},
		{"a WebSocket", request{upgrade: "websocket", refreshCookies: 1}, page, "", wayNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.req.method == "" {
				c.req.method = "GET"
			}
			h := http.Header{}
			for name, v := range map[string]string{"Accept": c.accept, "Sec-Fetch-Dest": c.dest} {
				if v != "" {
					h.Set(name, v)
				}
			}
			if got := wayOf(&c.req, h); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// people is a login application with sessions, by refresh token.
type people struct {
	mu       sync.Mutex // guards the fields that follow
	sessions map[string]*someone
	n        int
	life     time.Duration
}

type someone struct {
	user, roles string // JSON
	refused     int    // status instead of a token
	access      []string
}

func (p *people) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+secret:
		w.WriteHeader(401)
	case r.URL.Path == "/internal/introspect":
		token := r.PostFormValue("token")
		for _, s := range p.sessions {
			if slices.Contains(s.access, token) {
				fmt.Fprintf(w, `{"active":true,"User":%s,"Roles":%s}`, s.user, s.roles)
				return
			}
		}
		io.WriteString(w, `{"active":false}`)
	case r.URL.Path == "/internal/access_token":
		var ask tokenRequest
		json.NewDecoder(r.Body).Decode(&ask)
		s := p.sessions[ask.RefreshToken]
		if s == nil || s.refused != 0 {
			w.WriteHeader(map[bool]int{true: 401}[s == nil] + refusedOf(s))
			io.WriteString(w, "no")
			return
		}
		p.n++
		access := fmt.Sprintf("access-%d", p.n)
		s.access = append(s.access, access)
		fmt.Fprintf(w, `{"Expiry":%d,"AccessToken":%q,"ApplicationID":%q,"User":%s,"Roles":%s}`,
			time.Now().Add(p.life).Unix(), access, ask.ApplicationID, s.user, s.roles)
	}
}

func refusedOf(s *someone) int {
	if s == nil {
		return 0
	}
	return s.refused
}

func (p *people) change(f func(map[string]*someone)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.sessions)
}

// closed is a proxy with a private application, for the role admin, and another one for any person.
type closed struct {
	*sliding
	people *people
	seen   chan http.Header
}

func startPrivate(t *testing.T, change ...func(*Options)) *closed {
	t.Helper()
	c := &closed{seen: make(chan http.Header, 100), people: &people{life: time.Hour, sessions: map[string]*someone{
		"alice": {user: `"alice"`, roles: `["ops","admin"]`}, "bob": {user: `"bob"`, roles: `[]`},
		"nobody": {user: `null`, roles: `[]`}, "odd": {user: `"a\r\nX-NexusHub-Roles: admin"`, roles: `[]`},
		"list": {user: `["a"]`, roles: `"admin"`}, "comma": {user: `"eve"`, roles: `["x,admin"]`},
		"barred": {user: `"eve"`, roles: `[]`, refused: 403},
	}}}
	c.sliding = &sliding{t: t, fixture: start(t, change...), out: &lockedBuffer{}}
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.seen <- r.Header.Clone()
		switch r.URL.Path {
		case "/ws":
			webSocket(w, r)
		case "/stream":
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: x\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			io.WriteString(w, "app "+r.URL.Path)
		}
	})
	private, other := routeTo(t, privateID, privateHost, app), routeTo(t, otherID, otherHost, app)
	private.Access, private.Roles, private.StaticDir = proxyctl.AccessPrivate, []string{"admin"}, t.TempDir()
	other.Access = proxyctl.AccessPrivate
	if err := os.WriteFile(filepath.Join(private.StaticDir, "plan.txt"), []byte("secret plan"), 0o644); err != nil {
		t.Fatal(err)
	}
	open, areas := routeTo(t, "open", openHost, app), appRoute(t, app)
	open.Access = proxyctl.AccessOpen
	c.apply(table(routeTo(t, loginID, "login.yesterday.localhost", c.people), private, other, open, areas))
	return c
}

const asPage = "text/html"

// enter has a browser with a refresh token enter, and returns its cookies.
func (c *closed) enter(client *http.Client, host, refresh string) string {
	c.t.Helper()
	status, text, h := c.ask(client, "GET", host, "/plan.txt?x=1", "Accept", asPage, "Cookie", "YRT="+refresh)
	if status != 303 || h.Get("Location") != "https://"+host+"/plan.txt?x=1" || h.Get("Cache-Control") != "no-store" {
		c.t.Fatal(status, text, h)
	}
	for _, line := range h["Set-Cookie"] {
		if pair, rest, _ := strings.Cut(line, ";"); strings.HasPrefix(pair, entryCookie+"=") {
			if rest != " Path=/; HttpOnly; Secure; SameSite=Lax" {
				c.t.Errorf("cookie: %s", line)
			}
			return pair
		}
	}
	c.t.Fatal("no cookie", h)
	return ""
}

func client(f *fixture, http2 bool) *http.Client {
	c := f.http(http2)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func TestPrivateApplicationIsEntered(t *testing.T) {
	f := startPrivate(t)
	for _, http2 := range []bool{false, true} {
		c := client(f.fixture, http2)
		status, _, h := f.ask(c, "GET", privateHost, "/a/b?c=d&e", "Accept", asPage)
		to, err := url.Parse(h.Get("Location"))
		if status != 303 || err != nil || to.Host != "login.yesterday.localhost" || to.Path != "/public/login" ||
			to.Query().Get("continue") != "https://"+privateHost+"/a/b?c=d&e" || h.Get("Cache-Control") != "no-store" {
			t.Fatal(status, h, err)
		}
		status, text, h := f.ask(c, "GET", privateHost, "/api/x", "Accept", "application/json")
		if status != 401 || h.Get("WWW-Authenticate") != "Bearer" || strings.Contains(text, "app ") {
			t.Error(status, text, h)
		}
		status, _, h = f.ask(c, "GET", privateHost, "/api/set_token?token=alice&continue="+
			url.QueryEscape("https://"+privateHost+"/a"))
		if status != 302 || !strings.HasPrefix(h.Get("Set-Cookie"), "YRT=alice; Path=/; Domain="+privateHost) ||
			h.Get("Location") != "https://"+privateHost+"/a" {
			t.Error(status, h)
		}
		cookie := f.enter(c, privateHost, "alice")
		status, text, _ = f.ask(c, "GET", privateHost, "/api/x", "Cookie", "own=1; YRT=alice; "+cookie)
		seen := <-f.seen
		if status != 200 || text != "app /api/x" || seen.Get("Cookie") != "own=1" ||
			seen.Get("X-NexusHub-User") != "alice" || seen.Get("X-NexusHub-Roles") != "admin,ops" {
			t.Errorf("%d %s, seen %v", status, text, seen)
		}
		f.checkAssertion(c, seen.Get("X-NexusHub-Assertion"), privateID, "alice", []string{"admin", "ops"})

		// A program has the token of the same session, and the application does not see it.
		status, text, _ = f.ask(c, "POST", privateHost, accessTokenPath, "Cookie", "YRT=alice")
		var got map[string]string
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
			t.Fatal(status, text, err)
		}
		token := "Bearer " + got["access_token"]
		status, _, _ = f.ask(c, "POST", privateHost, "/api/x", "Authorization", token)
		if seen := <-f.seen; status != 200 || seen.Get("X-NexusHub-User") != "alice" || seen["Authorization"] != nil {
			t.Errorf("%d, seen %v", status, seen)
		}
		for _, host := range []string{otherHost, appHost} { // it opens no other application
			if status, _, _ := f.ask(c, "GET", host, "/api/x", "Authorization", token); status != 401 {
				t.Errorf("%s: %d", host, status)
			}
		}
		if status, _, _ := f.ask(c, "GET", otherHost, "/api/x", "Cookie", cookie); status != 401 {
			t.Errorf("another application is opened by the cookie: %d", status)
		}
	}
}

// checkAssertion as a program would: by the public key that any host has.
func (f *closed) checkAssertion(c *http.Client, token, audience, user string, roles []string) {
	f.t.Helper()
	_, text, _ := f.ask(c, "GET", appHost, keysPath)
	var set struct{ Keys []publicKey }
	if err := json.Unmarshal([]byte(text), &set); err != nil || len(set.Keys) != 1 {
		f.t.Fatal(text, err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		f.t.Fatalf("assertion %q", token)
	}
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			f.t.Fatal(err)
		}
		return b
	}
	if !ed25519.Verify(decode(set.Keys[0].X), []byte(parts[0]+"."+parts[1]), decode(parts[2])) {
		f.t.Error("the signature does not fit")
	}
	var a assertion
	if err := json.Unmarshal(decode(parts[1]), &a); err != nil {
		f.t.Fatal(err)
	}
	left := time.Until(time.Unix(a.Expires, 0))
	if a.Audience != audience || a.Subject != user || !slices.Equal(a.Roles, roles) || left <= 0 || left > assertionLife {
		f.t.Errorf("assertion %+v", a)
	}
	if head := string(decode(parts[0])); !strings.Contains(head, `"EdDSA"`) || !strings.Contains(head, set.Keys[0].ID) {
		f.t.Errorf("head %s", head)
	}
}

// TestNobodyForgesWhoHeIs in any mode, in any spelling.
func TestNobodyForgesWhoHeIs(t *testing.T) {
	f := startPrivate(t)
	forged := map[string]string{
		"X-NexusHub-User": "root", "x-nexushub-roles": "admin", "X_NexusHub_User": "root", "X-NEXUSHUB_USER": "root",
		"X-NexusHub-Assertion": "a.b.c", "x_nexushub_assertion": "a.b.c", "X-Nexushub-Anything": "x",
	}
	cookie := f.enter(client(f.fixture, false), otherHost, "bob")
	for _, host := range []string{openHost, appHost, otherHost} {
		for _, http2 := range []bool{false, true} {
			r, err := http.NewRequest("GET", "https://"+host+"/public/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range forged {
				r.Header[name] = []string{v}
			}
			r.Header.Set("Cookie", cookie)
			resp, err := client(f.fixture, http2).Do(r)
			if err != nil || resp.StatusCode != 200 {
				t.Fatal(host, resp, err)
			}
			resp.Body.Close()
			f.checkUnforged(host, <-f.seen)
		}
		// As HTTP/1.1 lets it be written: twice, with a hop, as a trailer.
		conn := f.dial(host)
		io.WriteString(conn, "POST /public/x HTTP/1.1\r\nHost: "+host+"\r\nCookie: "+cookie+
			"\r\nConnection: close, x-trace-id\r\nX-NexusHub-User: root\r\nX-NexusHub-User: bob\r\nx-nexushub_roles: admin"+
			"\r\nTrailer: X-NexusHub-Roles\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-NexusHub-Roles: admin\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(host, resp, err)
		}
		f.checkUnforged(host, <-f.seen)
	}
}

func (f *closed) checkUnforged(host string, seen http.Header) {
	f.t.Helper()
	for name, values := range seen {
		if !strings.Contains(strings.ReplaceAll(strings.ToLower(name), "_", "-"), "nexushub") {
			continue
		}
		own := host == otherHost && (name == "X-Nexushub-User" && values[0] == "bob" || name == "X-Nexushub-Assertion")
		if !own || len(values) != 1 {
			f.t.Errorf("%s sees %s: %q", host, name, values)
		}
	}
	if strings.Contains(fmt.Sprint(seen), entryCookie) {
		f.t.Errorf("%s sees the cookie: %v", host, seen)
	}
}

// TestNobodyIsSentToAndFro: who may not, or whose browser or login application is odd, is told so.
func TestNobodyIsSentToAndFro(t *testing.T) {
	f := startPrivate(t)
	c := client(f.fixture, false)
	page := func(cookie string) (int, string, http.Header) {
		return f.ask(c, "GET", privateHost, "/", "Accept", asPage, "Cookie", cookie)
	}
	entry := f.enter(c, privateHost, "bob")
	if status, text, _ := page(entry + "; YRT=bob"); status != 403 || !strings.Contains(text, "bob") {
		t.Error("without the role:", status, text)
	}
	for refresh, want := range map[string]int{"barred": 403, "nobody": 502, "odd": 502, "list": 502, "comma": 502,
		"gone": 303} {
		status, text, h := page("YRT=" + refresh)
		if status != want || (want == 303) != strings.HasPrefix(h.Get("Location"), "https://login.") {
			t.Errorf("%s: %d %s %v", refresh, status, text, h)
		}
	}
	if status, _, h := page("YRT=alice; YRT=bob"); status != 303 || !strings.HasPrefix(h.Get("Location"), "https://login.") ||
		!strings.Contains(fmt.Sprint(h["Set-Cookie"]), "YRT=; ") {
		t.Error("two sessions:", status, h)
	}
	statuses := []int{}
	for range 5 { // it does not keep the cookie
		status, _, _ := page("YRT=alice")
		statuses = append(statuses, status)
	}
	if !slices.Equal(statuses, []int{303, 303, 303, 400, 400}) {
		t.Error("no cookies:", statuses)
	}
	f.people.change(func(map[string]*someone) { f.people.life = -time.Minute })
	f.people.change(func(m map[string]*someone) { m["late"] = m["alice"] })
	if status, _, _ := page("YRT=late"); status != 502 {
		t.Error("a token that has expired:", status)
	}
}

// TestContinueLeadsBack: the address of the page, on this host, and nowhere else.
func TestContinueLeadsBack(t *testing.T) {
	f := startPrivate(t)
	for i, target := range []string{"/", "//evil.example/x", "/\\evil.example", "/%5Cevil.example", "/@evil.example",
		"/?continue=https://evil.example", "/" + strings.Repeat("x", 3000)} {
		f.people.change(func(m map[string]*someone) { m[fmt.Sprint(i)] = m["alice"] })
		for _, cookie := range []string{"", fmt.Sprintf("YRT=%d", i)} {
			conn := f.dial(privateHost)
			io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+privateHost+"\r\nAccept: text/html\r\nCookie: "+cookie+
				"\r\nConnection: close\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(target, err)
			}
			if resp.StatusCode == 400 && strings.Contains(target, `\`) {
				continue
			}
			to, err := url.Parse(resp.Header.Get("Location"))
			if err == nil && cookie == "" {
				if to.Host != "login.yesterday.localhost" {
					t.Errorf("%.40s: led to %s", target, to)
				}
				to, err = url.Parse(to.Query().Get("continue"))
			}
			if resp.StatusCode != 303 || err != nil || to.Scheme != "https" || to.Host != privateHost {
				t.Errorf("%.40s: %s, leads to %s, %v", target, resp.Status, to, err)
			}
		}
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", "http://" + privateHost + "/"} {
		status, _, h := f.ask(client(f.fixture, false), "GET", privateHost, "/api/set_token?token=x&continue="+url.QueryEscape(next))
		if status != 400 || h.Get("Set-Cookie") != "" {
			t.Errorf("continue=%s: %d %v", next, status, h)
		}
	}
}

// TestPrivateFileIsKeptFromOthers: no cache, no page of another site, and nobody without a credential has it.
func TestPrivateFileIsKeptFromOthers(t *testing.T) {
	f := startPrivate(t)
	both(t, f.fixture, func(t *testing.T, c *http.Client) {
		for _, headers := range [][]string{{}, {"Range", "bytes=0-5"}, {"Authorization", "Bearer " + secret},
			{"If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"}, {"Cookie", entryCookie + "=made-up"}} {
			status, text, h := f.ask(c, "GET", privateHost, "/plan.txt", headers...)
			if status != 401 || strings.Contains(text, "plan") || h.Get("ETag") != "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%v: %d %s %v", headers, status, text, h)
			}
		}
		cookie := f.enter(client(f.fixture, false), privateHost, "alice")
		for _, more := range [][]string{nil, {"Range", "bytes=0-5"}, {"If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"}} {
			status, _, h := f.ask(c, "GET", privateHost, "/plan.txt", append([]string{"Cookie", cookie}, more...)...)
			if status >= 400 || h.Get("Cache-Control") != "private" || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%v: %d %v", more, status, h)
			}
		}
	})
}

func upgradeAs(f *closed, headers string) (*bufio.Reader, *http.Response) {
	f.t.Helper()
	conn := f.dial(privateHost)
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+privateHost+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Key: x\r\nAccept: text/html\r\n"+headers+"\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return in, resp
}

func TestWebSocketOfAPrivateApplication(t *testing.T) {
	f := startPrivate(t)
	c := client(f.fixture, false)
	cookie := f.enter(c, privateHost, "alice")
	_, token, _ := strings.Cut(cookie, "=")
	for headers, want := range map[string]int{
		"": 401, "Cookie: YRT=alice\r\n": 401, "Authorization: Bearer " + secret + "\r\n": 401,
		"Cookie: " + cookie + "\r\nOrigin: https://" + openHost + "\r\n":                                    403,
		"Cookie: " + cookie + "\r\nOrigin: null\r\n":                                                        403,
		"Cookie: " + cookie + "\r\nOrigin: https://" + openHost + "\r\nSec-Fetch-Site: same-origin\r\n":     403,
		"Cookie: " + cookie + "\r\nOrigin: https://" + privateHost + "\r\nSec-Fetch-Site: cross-site\r\n":   101,
		"Cookie: " + cookie + "\r\nOrigin: https://" + privateHost + "\r\n":                                 101,
		"Authorization: Bearer " + token + "\r\n":                                                           101,
		"Cookie: " + f.enter(c, privateHost, "bob") + "\r\nOrigin: https://" + privateHost + "\r\n":         403,
		"Cookie: " + f.enter(c, otherHost, "alice") + "\r\nOrigin: https://" + privateHost + "\r\n":         401,
		"Cookie: " + cookie + "\r\nOrigin: https://" + privateHost + "\r\nOrigin: https://evil.example\r\n": 403,
	} {
		if _, resp := upgradeAs(f, headers); resp.StatusCode != want {
			t.Errorf("%q: %s", headers, resp.Status)
		}
	}
}

// TestSessionThatEndsClosesWhatIsOpen: streams, tunnels and tokens, when it ends or the person loses a role.
func TestSessionThatEndsClosesWhatIsOpen(t *testing.T) {
	for name, end := range map[string]func(map[string]*someone){
		"revoked":        func(m map[string]*someone) { delete(m, "alice") },
		"loses the role": func(m map[string]*someone) { m["alice"].roles = `["ops"]` },
		"another person": func(m map[string]*someone) { m["alice"].user = `"alan"` },
	} {
		t.Run(name, func(t *testing.T) {
			f := startPrivate(t, func(o *Options) { o.Introspect = 2 * time.Second })
			c := client(f.fixture, false)
			cookie := f.enter(c, privateHost, "alice")
			_, token, _ := strings.Cut(cookie, "=")
			socket, resp := upgradeAs(f, "Authorization: Bearer "+token+"\r\n")
			if resp.StatusCode != 101 {
				t.Fatal(resp.Status)
			}
			r, _ := http.NewRequest("GET", "https://"+privateHost+"/stream", nil)
			r.Header.Set("Cookie", cookie)
			stream, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			f.people.change(end)
			io.Copy(io.Discard, socket)      //nolint:errcheck // it ends, however
			io.Copy(io.Discard, stream.Body) //nolint:errcheck // it ends, however
			stream.Body.Close()
			for _, headers := range [][]string{{"Cookie", cookie}, {"Authorization", "Bearer " + token}} {
				if status, _, _ := f.ask(c, "GET", privateHost, "/", headers...); status != 401 {
					t.Errorf("%v: %d", headers, status)
				}
			}
		})
	}
}

// TestGrantsOfPersonsOutliveTheProxy, and who they are for.
func TestGrantsOfPersonsOutliveTheProxy(t *testing.T) {
	f := startPrivate(t)
	cookie := f.enter(client(f.fixture, false), privateHost, "alice")
	f.ask(client(f.fixture, false), "GET", privateHost, "/", "Cookie", cookie)
	before := <-f.seen
	f.stop()
	f.run()
	status, _, _ := f.ask(client(f.fixture, false), "GET", privateHost, "/", "Cookie", cookie)
	after := <-f.seen
	same := maps.EqualFunc(map[string][]string{"u": before["X-Nexushub-User"], "r": before["X-Nexushub-Roles"]},
		map[string][]string{"u": after["X-Nexushub-User"], "r": after["X-Nexushub-Roles"]}, slices.Equal[[]string])
	if status != 200 || !same || after.Get("X-NexusHub-User") != "alice" {
		t.Errorf("%d, %v, before %v", status, after, before)
	}
	f.checkAssertion(client(f.fixture, false), before.Get("X-NexusHub-Assertion"), privateID, "alice",
		[]string{"admin", "ops"})
}

// TestLoginApplicationThatIsAway: nobody gets in, and who is in stays.
func TestLoginApplicationThatIsAway(t *testing.T) {
	f := startPrivate(t)
	c := client(f.fixture, false)
	cookie := f.enter(c, privateHost, "alice")
	tb := f.server.snapshot.Load().table
	tb.Generation++
	tb.Routes = slices.DeleteFunc(slices.Clone(tb.Routes), func(r proxyctl.Route) bool { return r.Instance == loginID })
	f.apply(tb)
	for headers, want := range map[string]int{"": 503, "YRT=alice": 502, cookie: 200} {
		if status, text, _ := f.ask(c, "GET", privateHost, "/", "Accept", asPage, "Cookie", headers); status != want {
			t.Errorf("%s: %d %s", headers, status, text)
		}
	}
}
