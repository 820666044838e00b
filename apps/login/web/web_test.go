package web

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
)

const (
	home   = "login.example.org:8443"
	shop   = "shop.example.org:8443"
	shopID = "11111111-2222-3333-4444-555555555555"
	admin  = "18736e4f-93f9-4606-a7be-863c7986ea5b"
	secret = "internal secret"
	right  = "correct horse battery"
)

// fixture is a server with alice, an owner, and bob, who may enter the shop.
type fixture struct {
	*Server
	t       *testing.T
	handler http.Handler
	log     *bytes.Buffer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := account.Open(t.Context(), filepath.Join(t.TempDir(), "login.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := new(bytes.Buffer)
	s := New(Options{
		Host: "login.example.org", Admin: admin, InternalSecret: secret, Access: time.Hour, Store: store,
		Hasher: password.NewHasher(password.Cost{Memory: 64, Passes: 1, Threads: 1}, 2),
		Log:    slog.New(slog.NewTextHandler(log, nil)),
	})
	f := &fixture{s, t, s.Handler(), log}
	f.add(account.Person{Name: "alice", Role: api.Owner}, right)
	f.add(account.Person{Name: "bob", Applications: []string{shopID}}, right)
	return f
}

func (f *fixture) add(p account.Person, plain string) {
	f.t.Helper()
	id, err := f.Store.Add(f.t.Context(), p)
	if err == nil && plain != "" {
		p.ID = id
		err = f.setPassword(f.t.Context(), p, plain)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// browser keeps cookies, as far as they matter here, and says where it is.
type browser struct {
	f       *fixture
	cookies map[string]string
	from    string
}

func (f *fixture) browser() *browser { return &browser{f, map[string]string{}, "192.0.2.1"} }

type response struct {
	*http.Response
	text string
}

func (b *browser) do(r *http.Request) response {
	b.f.t.Helper()
	r.Header.Set("X-Forwarded-For", b.from)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.f.handler.ServeHTTP(rec, r)
	resp := rec.Result()
	for _, c := range resp.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.f.t.Fatal(err)
	}
	return response{resp, string(text)}
}

func (b *browser) get(host, path string) response {
	return b.do(httptest.NewRequest(http.MethodGet, "https://"+host+path, nil))
}

func form(host, path string, values ...string) *http.Request {
	v := url.Values{}
	for i := 0; i < len(values); i += 2 {
		v.Add(values[i], values[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "https://"+host+path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

func (b *browser) post(host, path string, values ...string) response {
	return b.do(form(host, path, values...))
}

func (b *browser) signIn(name, plain, next string) response {
	return b.post(home, "/public/login", "name", name, "password", plain, "continue", next)
}

// at is where a response leads.
func (r response) at(t *testing.T) *url.URL {
	t.Helper()
	u, err := r.Location()
	if err != nil || r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s, %v: %s", r.Status, err, r.text)
	}
	return u
}

func (f *fixture) exchange(instance, token string, header ...string) (int, tokenResponse) {
	f.t.Helper()
	body, err := json.Marshal(tokenRequest{instance, token})
	if err != nil {
		f.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://login/internal/access_token", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp := f.browser().do(r)
	var got tokenResponse
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(resp.text), &got); err != nil {
			f.t.Fatal(err)
		}
	}
	return resp.StatusCode, got
}

func (f *fixture) active(access string) bool {
	f.t.Helper()
	return f.introspect(access).Active
}

func (f *fixture) introspect(access string) (got introspection) {
	f.t.Helper()
	r := form("login", "/internal/introspect", "token", access, "token_type_hint", "access_token")
	r.Header.Set("Authorization", "Bearer "+secret)
	resp := f.browser().do(r)
	if resp.StatusCode != http.StatusOK {
		f.t.Fatal(resp.Status)
	}
	if err := json.Unmarshal([]byte(resp.text), &got); err != nil {
		f.t.Fatal(err)
	}
	return got
}

// From an application to the form, back with a token, into it, and out of everything.
func TestSignInAndOut(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	to := b.get(shop, "/public/login?continue=%2Fcart%3Fx%3D1").at(t)
	if to.Host != home || to.Query().Get("continue") != "https://"+shop+"/cart?x=1" {
		t.Fatalf("the form is at %s", to)
	}
	page := b.get(home, to.RequestURI())
	if page.StatusCode != 200 || !strings.Contains(page.text, "shop.example.org</span>") {
		t.Fatalf("%s: %s", page.Status, page.text)
	}
	to = b.signIn("Bob", right, to.Query().Get("continue")).at(t)
	if to.Host != shop || to.Path != "/api/set_token" || to.Query().Get("continue") != "https://"+shop+"/cart?x=1" {
		t.Fatalf("sent to %s", to)
	}
	token := to.Query().Get("token")
	status, got := f.exchange(shopID, token, "X-Forwarded-Host", shop)
	if status != 200 || got.ApplicationID != shopID || got.RefreshToken == token || got.User != "bob" ||
		len(got.Roles) != 0 {
		t.Fatalf("%d, %+v", status, got)
	}
	if left := time.Until(got.Expiry); left < 50*time.Minute || left > time.Hour {
		t.Errorf("expiry %s", got.Expiry)
	}
	if !f.active(got.AccessToken) {
		t.Error("the access token is not good")
	}
	// A second application needs no password.
	to = b.get(home, "/public/login?continue=https://wiki.example.org:8443/").at(t)
	if to.Host != "wiki.example.org:8443" {
		t.Errorf("sent to %s", to)
	}
	if status, _ := f.exchange(admin, to.Query().Get("token")); status != http.StatusForbidden {
		t.Errorf("bob enters the admin application: %d", status)
	}
	// Signing out at the application ends all of it.
	out := &browser{f, map[string]string{refreshCookie: got.RefreshToken}, b.from}
	resp := out.post(shop, "/public/logout", "continue", "/bye")
	if to := resp.at(t); to.Path != "/bye" || out.cookies[refreshCookie] != "" {
		t.Errorf("sent to %s", to)
	}
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "Domain=shop.example.org") {
		t.Errorf("cookie %q", c)
	}
	if f.active(got.AccessToken) {
		t.Error("the access token outlives the session")
	}
	if to := b.get(home, "/account").at(t); to.Path != "/public/login" {
		t.Errorf("still signed in: %s", to)
	}
}

func TestRoles(t *testing.T) {
	f := newFixture(t)
	token := f.browser().signIn("alice", right, "https://admin.example.org:8443/").at(t).Query().Get("token")
	status, got := f.exchange(admin, token)
	if status != 200 || got.User != "alice" || len(got.Roles) != 1 || got.Roles[0] != api.Owner {
		t.Fatalf("%d, %+v", status, got)
	}
	if now := f.introspect(got.AccessToken); now.User != "alice" || !slices.Equal(now.Roles, got.Roles) {
		t.Errorf("introspection: %+v", now)
	}
	alice, err := f.Store.Find(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	f.add(account.Person{Name: "carol", Role: api.Owner}, right)
	if err := f.Store.SetRights(t.Context(), alice.ID, api.Developer, nil); err != nil {
		t.Fatal(err)
	}
	if now := f.introspect(got.AccessToken); !slices.Equal(now.Roles, []api.Role{api.Developer}) {
		t.Errorf("with another role: %+v", now)
	}
	if err := f.Store.SetRights(t.Context(), alice.ID, api.Viewer, nil); err != nil {
		t.Fatal(err)
	}
	if f.active(got.AccessToken) {
		t.Error("a role that is lost still opens")
	}
}

// Nobody but the proxy asks what is for the proxy.
func TestOnlyTheProxyExchanges(t *testing.T) {
	f := newFixture(t)
	token := f.browser().signIn("bob", right, "https://"+shop+"/").at(t).Query().Get("token")
	for _, bearer := range []string{"", "x", secret + "x"} {
		if status, _ := f.exchange(shopID, token, "Authorization", "Bearer "+bearer); status != http.StatusUnauthorized {
			t.Errorf("%q: %d", bearer, status)
		}
	}
	f.ProxySecret = "of the proxy" // nothing is running yet
	if status, _ := f.exchange(shopID, token); status != http.StatusUnauthorized {
		t.Errorf("an application of this host: %d", status)
	}
	if status, _ := f.exchange(shopID, token, proxySecretHeader, "of the proxy"); status != 200 {
		t.Errorf("the proxy: %d", status)
	}
	f.InternalSecret = ""
	if status, _ := f.exchange(shopID, token, "Authorization", "Bearer "); status != http.StatusUnauthorized {
		t.Errorf("without any secret: %d", status)
	}
}

// A hosted application that gets hold of its own visitors' refresh tokens enters nothing else.
func TestTokenOfAnotherApplication(t *testing.T) {
	f := newFixture(t)
	token := f.browser().signIn("alice", right, "https://"+shop+"/").at(t).Query().Get("token")
	if status, _ := f.exchange(admin, token, "X-Forwarded-Host", "admin.example.org:8443"); status != 401 {
		t.Errorf("%d", status)
	}
}

// Passwords are read at the login host alone: on another one an application's scripts read along.
func TestPasswordsAreForTheLoginHost(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	to := b.post(shop, "/public/login?continue=/x", "name", "bob", "password", right).at(t)
	if to.Host != home || to.Query().Get("continue") != "https://"+shop+"/x" || len(b.cookies) != 0 {
		t.Errorf("%s, cookies %v", to, b.cookies)
	}
	if f.Hasher.Work() != 2 { // those of the fixture
		t.Error("the password was looked at")
	}
	b.signIn("alice", right, "")
	for _, path := range []string{"/account", "/people", "/invitation"} {
		if resp := b.get(shop, path); resp.StatusCode != 404 {
			t.Errorf("%s at a foreign host: %s", path, resp.Status)
		}
	}
}

func TestOpenRedirects(t *testing.T) {
	f := newFixture(t)
	for next, want := range map[string]bool{
		"":                                  true,
		"/account":                          true,
		"https://shop.example.org:8443/x?y": true,
		"https://a.b.example.org:8443/":     true,
		"https://example.org:8443/":         true,
		"https://login.example.org:8443/":   true,
		"//evil.example/":                   false,
		"/\\evil.example/":                  false,
		"\\\\evil.example":                  false,
		"/\t/evil.example":                  false,
		" //evil.example":                   false,
		"https://evil.example:8443/":        false,
		"https://evil.example:8443#.example.org:8443/":      false,
		"https://evil.example:8443\\.example.org:8443/":     false,
		"https://shop.example.org:8443@evil.example:8443/":  false,
		"https://user@shop.example.org:8443/":               false,
		"https://shop.example.org.evil.example:8443/":       false,
		"https://notexample.org:8443/":                      false,
		"https://shop.example.org:9999/":                    false,
		"https://shop.example.org/":                         false,
		"http://shop.example.org:8443/":                     false,
		"https:shop.example.org:8443/":                      false,
		"https:///shop.example.org:8443/":                   false,
		"javascript:alert(1)":                               false,
		"data:text/html,x":                                  false,
		"relative":                                          false,
		"https://sh\u043ep.example.org:8443/":               false,
		"https://[2001:db8::1]:8443/":                       false,
		"https://shop.example.org:8443/\r\nSet-Cookie: x=y": false,
	} {
		b := f.browser()
		resp := b.signIn("bob", right, next)
		if got := resp.StatusCode == http.StatusSeeOther; got != want || !want && resp.StatusCode != 400 {
			t.Errorf("%q: %s to %s", next, resp.Status, resp.Header.Get("Location"))
		}
		if !want && len(b.cookies) != 0 {
			t.Errorf("%q: signed in", next)
		}
		b.signIn("bob", right, "") // and who is signed in
		if got := b.get(home, "/public/login?"+url.Values{"continue": {next}}.Encode()).StatusCode == 303; got != want {
			t.Errorf("%q: signed in, leads on: %v", next, got)
		}
		out := b.post(home, "/public/logout", "continue", next).at(t)
		if !want && out.Path != "/public/login" {
			t.Errorf("%q: signing out leads to %s", next, out)
		}
	}
}

// Hosted applications are same-site with the login host, but no page of theirs changes anything.
func TestCrossOriginForms(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("alice", right, "")
	session := b.cookies[sessionCookie]
	for _, path := range []string{
		"/public/login", "/public/logout", "/account/password", "/account/sessions", "/people", "/people/bob/remove",
		"/people/bob/rights", "/people/bob/lock", "/people/bob/invite", "/invitation",
	} {
		for _, header := range [][2]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"}, {"Origin", "https://" + shop}, {"Origin", "null"},
			{"Origin", "https://login.example.org"}, // another port
		} {
			r := form(home, path, "name", "mallory", "password", right, "role", "owner", "others", "yes")
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set(header[0], header[1])
			if resp := b.do(r); resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v: %s", path, header, resp.Status)
			}
		}
		// What a page can make a browser fetch without a form.
		if resp := b.get(home, path+"?name=mallory&others=yes"); path[:7] == "/people" && path != "/people" &&
			resp.StatusCode != 405 && resp.StatusCode != 404 {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
	}
	if _, err := f.Store.Find(t.Context(), "mallory"); err == nil {
		t.Error("somebody was added")
	}
	if _, _, err := f.Store.Session(t.Context(), session); err != nil {
		t.Errorf("the session: %v", err)
	}
	if resp := b.get(home, "/account"); resp.StatusCode != 200 {
		t.Errorf("alice was signed out: %s", resp.Status)
	}
}

// What a browser had before somebody signs in is worth nothing afterwards.
func TestSessionFixation(t *testing.T) {
	f := newFixture(t)
	mallory := f.browser()
	mallory.signIn("bob", right, "")
	planted := mallory.cookies[sessionCookie]
	victim := f.browser()
	victim.cookies[sessionCookie], victim.cookies[deviceCookie] = planted, "chosen by mallory"
	victim.signIn("alice", right, "")
	if victim.cookies[sessionCookie] == planted || victim.cookies[deviceCookie] == "chosen by mallory" {
		t.Error("what was planted is in use")
	}
	if to := mallory.get(home, "/account"); to.StatusCode != 303 {
		t.Errorf("mallory is in: %s", to.Status)
	}
	before := victim.cookies[sessionCookie]
	victim.signIn("alice", right, "")
	if _, _, err := f.Store.Session(t.Context(), before); err == nil {
		t.Error("the session before a new sign-in goes on")
	}
}

func TestCookies(t *testing.T) {
	f := newFixture(t)
	resp := f.browser().signIn("alice", right, "")
	if len(resp.Cookies()) != 2 {
		t.Fatalf("%v", resp.Cookies())
	}
	for _, c := range resp.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode ||
			c.Path != "/" || c.Domain != "" {
			t.Errorf("%s", c)
		}
	}
}

// Whether there is such a person shows neither in the answer nor in the work.
func TestEnumeration(t *testing.T) {
	f := newFixture(t)
	f.add(account.Person{Name: "invited"}, "")
	f.add(account.Person{Name: "locked"}, right)
	locked, err := f.Store.Find(t.Context(), "locked")
	if err == nil {
		err = f.Store.SetLocked(t.Context(), locked.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	ask := func(name, plain string) (string, http.Header, int64) {
		b := f.browser()
		b.from = "198.51.100." + string('1'+name[0]%9)
		before := f.Hasher.Work()
		resp := b.signIn(name, plain, "")
		return resp.Status + strings.ReplaceAll(resp.text, name, "NAME"), resp.Header, f.Hasher.Work() - before
	}
	want, header, work := ask("bob", "wrong")
	if work != 1 || !strings.HasPrefix(want, "401") {
		t.Fatalf("%d hashes: %s", work, want)
	}
	for name, plain := range map[string]string{"nobody": "wrong", "invited": "", "locked": right, "': --": "x"} {
		got, h, n := ask(name, plain)
		if strings.ReplaceAll(got, "&#39;: --", "NAME") != want || n != work || len(h) != len(header) {
			t.Errorf("%s: %d hashes, %s", name, n, got)
		}
	}
}

func TestGuessing(t *testing.T) {
	f := newFixture(t)
	own := f.browser() // bob's
	own.signIn("bob", right, "")
	own.post(home, "/public/logout")
	stranger := f.browser() // at the same address
	for range 5 {
		if resp := stranger.signIn("bob", "wrong", ""); resp.StatusCode != 401 {
			t.Fatal(resp.Status)
		}
	}
	before := f.Hasher.Work()
	resp := stranger.signIn("bob", right, "")
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" || f.Hasher.Work() != before {
		t.Errorf("goes on: %s", resp.Status)
	}
	for range 5 { // the same for a name that nobody has
		if resp := stranger.signIn("nobody", "wrong", ""); resp.StatusCode != 401 {
			t.Fatal(resp.Status)
		}
	}
	if resp := stranger.signIn("nobody", "wrong", ""); resp.StatusCode != 429 {
		t.Errorf("nobody: %s", resp.Status)
	}
	if to := own.signIn("bob", right, "").at(t); to.Path != "/account" {
		t.Errorf("bob is locked out by strangers: %s", to)
	}
}

func TestPasswordChange(t *testing.T) {
	f := newFixture(t)
	b, other := f.browser(), f.browser()
	b.signIn("bob", right, "")
	other.signIn("bob", right, "")
	change := func(present, next, again string) response {
		return b.post(home, "/account/password", "password", present, "new", next, "again", again)
	}
	for what, resp := range map[string]response{
		"wrong": change("wrong", "a new long password", "a new long password"),
		"short": change(right, "short", "short"), "two": change(right, "a new long password", "another one"),
	} {
		if resp.StatusCode != 422 || !strings.Contains(resp.text, `role="alert"`) {
			t.Errorf("%s: %s", what, resp.Status)
		}
	}
	before := b.cookies[sessionCookie]
	if to := change(right, "a new long password", "a new long password").at(t); to.Path != "/account" {
		t.Fatal(to)
	}
	if resp := b.get(home, "/account?done=password"); resp.StatusCode != 200 || !strings.Contains(resp.text, "is changed") ||
		b.cookies[sessionCookie] == before {
		t.Errorf("%s", resp.Status)
	}
	if resp := other.get(home, "/account"); resp.StatusCode != 303 {
		t.Errorf("another session goes on: %s", resp.Status)
	}
	if resp := other.signIn("bob", right, ""); resp.StatusCode != 401 {
		t.Errorf("the old password: %s", resp.Status)
	}
}

func TestRehash(t *testing.T) {
	f := newFixture(t)
	dearer := password.Cost{Memory: 128, Passes: 1, Threads: 1}
	f.Hasher = password.NewHasher(dearer, 1) // nothing is running yet
	f.browser().signIn("bob", right, "").at(t)
	p, err := f.Store.Find(t.Context(), "bob")
	if err != nil || !strings.Contains(p.Password, "$m=128,") {
		t.Errorf("%q, %v", p.Password, err)
	}
}

func TestPeoplePages(t *testing.T) {
	f := newFixture(t)
	alice := f.browser()
	alice.signIn("alice", right, "")
	page := alice.post(home, "/people", "name", "Carol", "role", "developer", "applications", shopID+", *")
	_, rest, ok := strings.Cut(page.text, "https://login.example.org:8443/invitation?code=")
	code, _, _ := strings.Cut(rest, "<")
	if page.StatusCode != 200 || !ok || len(code) < 40 {
		t.Fatalf("%s: %s", page.Status, page.text)
	}
	carol := f.browser()
	resp := carol.get(home, "/invitation?code="+code)
	if resp.StatusCode != 200 || !strings.Contains(resp.text, "Welcome, carol") {
		t.Fatalf("%s: %s", resp.Status, resp.text)
	}
	if resp := carol.post(home, "/invitation", "code", code, "new", "short", "again", "short"); resp.StatusCode != 422 {
		t.Errorf("%s", resp.Status)
	}
	if to := carol.post(home, "/invitation", "code", code, "new", right, "again", right).at(t); to.Path != "/account" {
		t.Errorf("%s", to)
	}
	if resp := f.browser().post(home, "/invitation", "code", code, "new", right, "again", right); resp.StatusCode != 404 {
		t.Errorf("used twice: %s", resp.Status)
	}
	for _, path := range []string{"/people", "/people/bob/remove", "/people/carol/rights"} {
		if resp := carol.post(home, path, "name", "x", "role", "owner"); resp.StatusCode != 404 {
			t.Errorf("a developer at %s: %s", path, resp.Status)
		}
	}
	resp = alice.post(home, "/people/alice/lock")
	if resp.StatusCode != 422 || !strings.Contains(resp.text, "last owner") {
		t.Errorf("%s", resp.Status)
	}
	alice.post(home, "/people/carol/lock").at(t)
	if resp := carol.get(home, "/account"); resp.StatusCode != 303 {
		t.Errorf("locked: %s", resp.Status)
	}
	alice.post(home, "/people/carol/remove").at(t)
	if resp := alice.get(home, "/people"); strings.Contains(resp.text, "carol") {
		t.Error("carol is there")
	}
	if resp := alice.post(home, "/people/carol/lock"); resp.StatusCode != 422 {
		t.Errorf("%s", resp.Status)
	}
}

func TestSessionsPage(t *testing.T) {
	f := newFixture(t)
	here, there := f.browser(), f.browser()
	here.signIn("bob", right, "")
	there.signIn("bob", right, "")
	x, _, err := f.Store.Session(t.Context(), there.cookies[sessionCookie])
	if err != nil {
		t.Fatal(err)
	}
	alice := f.browser()
	alice.signIn("alice", right, "")
	alice.post(home, "/account/sessions", "session", x.ID) // not hers
	if resp := there.get(home, "/account"); resp.StatusCode != 200 {
		t.Fatal("alice has ended a session of bob")
	}
	here.post(home, "/account/sessions", "session", x.ID).at(t)
	if resp := there.get(home, "/account"); resp.StatusCode != 303 {
		t.Errorf("%s", resp.Status)
	}
	there.signIn("bob", right, "")
	here.post(home, "/account/sessions", "others", "yes").at(t)
	if there.get(home, "/account").StatusCode != 303 || here.get(home, "/account").StatusCode != 200 {
		t.Error("all other sessions")
	}
}

// Every page has the headers, and runs and loads nothing but what is ours.
func TestPagesAreClosed(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("alice", right, "")
	for _, path := range []string{"/account", "/people", "/public/logout", "/nothing", "/invitation?code=x"} {
		resp := b.get(home, path)
		csp := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
			"form-action 'self' https://example.org:8443 https://*.example.org:8443"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %s", path, csp)
			}
		}
		lower := strings.ToLower(resp.text)
		if strings.Contains(csp, "unsafe") || strings.Contains(lower, "<script") || strings.Contains(lower, "style=") ||
			strings.Contains(lower, "http://") || resp.Header.Get("Referrer-Policy") != "no-referrer" ||
			resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", path, resp.Header, resp.text)
		}
	}
	if resp := b.get(home, page{}.Style()); resp.StatusCode != 200 || !strings.Contains(resp.text, "--accent") {
		t.Errorf("style sheet: %s", resp.Status)
	}
}

// Neither passwords nor tokens come into the log.
func TestLogHasNoSecrets(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("bob", "a wrong password", "")
	token := b.signIn("bob", right, "https://"+shop+"/").at(t).Query().Get("token")
	_, got := f.exchange(shopID, token)
	log := f.log.String()
	if !strings.Contains(log, "person=bob") {
		t.Fatalf("nothing is logged: %s", log)
	}
	for _, s := range []string{"a wrong password", right, token, got.AccessToken, got.RefreshToken,
		b.cookies[sessionCookie], b.cookies[deviceCookie], secret} {
		if strings.Contains(log, s) {
			t.Errorf("%q is in the log", s)
		}
	}
}

func TestAddressOf(t *testing.T) {
	for chain, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "198.51.100.1, 192.0.2.1": "198.51.100.1",
		"x, 198.51.100.1:80, 192.0.2.1": "198.51.100.1", "[2001:db8::1], 192.0.2.1": "2001:db8::1",
		"garbage, 192.0.2.1": "192.0.2.1", "": "invalid IP", "::ffff:192.0.2.1": "192.0.2.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", chain)
		if got := addressOf(r).String(); got != want {
			t.Errorf("%q: %s, want %s", chain, got, want)
		}
	}
}
