package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const secret = "s3cret"

func newTestApp(t *testing.T, state string) *app {
	t.Helper()
	env := map[string]string{"PORT": "0", "HOST": "login.example.org:8443", "INTERNAL_SECRET": secret,
		"STATE_DIRECTORY": state}
	s, err := settingsFrom(func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(s, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ask(a *app, r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	a.handler().ServeHTTP(rec, r)
	return rec.Result()
}

func form(host, path string, values url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://"+host+path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// logIn returns where alice is sent to.
func logIn(t *testing.T, a *app, host, next string) *url.URL {
	t.Helper()
	resp := ask(a, form(host, "/public/login", url.Values{"name": {"alice"}, "password": {"wonderland"},
		"continue": {next}}))
	to, err := resp.Location()
	if resp.StatusCode != http.StatusSeeOther || err != nil {
		t.Fatalf("login: %s, %v", resp.Status, err)
	}
	return to
}

func exchange(t *testing.T, a *app, bearer, token string) (int, tokenResponse) {
	t.Helper()
	body, err := json.Marshal(tokenRequest{"app-1", token})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/internal/access_token", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp := ask(a, r)
	var got tokenResponse
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, got
}

func TestLoginExchangeAndLogout(t *testing.T) {
	state := t.TempDir()
	a := newTestApp(t, state)
	to := logIn(t, a, "shop.example.org:8443", "/cart?x=1")
	if to.Host != "" || to.Path != "/api/set_token" || to.Query().Get("continue") != "/cart?x=1" {
		t.Fatalf("sent to %s", to)
	}
	first := to.Query().Get("token")
	status, got := exchange(t, a, secret, first)
	if status != http.StatusOK || got.ApplicationID != "app-1" || got.AccessToken == "" || got.RefreshToken == first ||
		got.User != "alice" || !slices.Equal(got.Roles, []string{"operator"}) {
		t.Fatalf("exchange: %d %+v", status, got)
	}
	if left := time.Until(got.Expiry); left < 50*time.Minute || left > time.Hour {
		t.Errorf("expiry %s", got.Expiry)
	}
	a = newTestApp(t, state) // restarted
	status, again := exchange(t, a, secret, got.RefreshToken)
	if status != http.StatusOK || again.AccessToken == got.AccessToken {
		t.Fatalf("exchange after a restart: %d %+v", status, again)
	}
	r := form("shop.example.org:8443", "/public/logout", url.Values{"continue": {"/bye"}})
	r.AddCookie(&http.Cookie{Name: "YRT", Value: again.RefreshToken})
	resp := ask(a, r)
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "YRT=;") || !strings.Contains(c, "Max-Age=0") ||
		!strings.Contains(c, "Domain=shop.example.org") {
		t.Errorf("cookie: %q", c)
	}
	if resp.Header.Get("Location") != "/bye" {
		t.Errorf("sent to %q", resp.Header.Get("Location"))
	}
	if status, _ := exchange(t, a, secret, again.RefreshToken); status != http.StatusUnauthorized {
		t.Errorf("exchange after logout: %d", status)
	}
}

func TestReuseEndsTheSession(t *testing.T) {
	a := newTestApp(t, t.TempDir())
	first := logIn(t, a, "h", "").Query().Get("token")
	_, second := exchange(t, a, secret, first)
	if status, _ := exchange(t, a, secret, first); status != http.StatusOK {
		t.Fatalf("a second tab at the same moment: %d", status)
	}
	a.sessions.all[0].Tokens[0].Retired = time.Now().Add(-2 * grace)
	if status, _ := exchange(t, a, secret, first); status != http.StatusUnauthorized {
		t.Fatalf("reuse: %d", status)
	}
	if status, _ := exchange(t, a, secret, second.RefreshToken); status != http.StatusUnauthorized {
		t.Errorf("the thief's session goes on: %d", status)
	}
}

// TestIntrospection: an access token is good as long as its session, over restarts and however
// often another one was issued.
func TestIntrospection(t *testing.T) {
	state := t.TempDir()
	a := newTestApp(t, state)
	refresh := logIn(t, a, "h", "").Query().Get("token")
	other := logIn(t, a, "h", "").Query().Get("token")
	_, got := exchange(t, a, secret, refresh)
	_, bystander := exchange(t, a, secret, other)
	active := func(bearer, token string) string {
		r := form("h", "/internal/introspect", url.Values{"token": {token}, "token_type_hint": {"access_token"}})
		r.Header.Set("Authorization", "Bearer "+bearer)
		resp := ask(a, r)
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		return resp.Status[:4] + strings.TrimSpace(b.String())
	}
	const yes, no = `200 {"active":true,"User":"alice","Roles":["operator"]}`, `200 {"active":false}`
	if s := active("x", got.AccessToken); !strings.HasPrefix(s, "401") {
		t.Errorf("asked by anyone: %s", s)
	}
	next := got.RefreshToken
	for range 100 {
		_, later := exchange(t, a, secret, next)
		next = later.RefreshToken
	}
	a = newTestApp(t, state)
	for token, want := range map[string]string{got.AccessToken: yes, "": no, ".": no, ".x": no, "made-up": no, next: no} {
		if s := active(secret, token); s != want {
			t.Errorf("%q: %s", token, s)
		}
	}
	r := form("h", "/public/logout", nil)
	r.AddCookie(&http.Cookie{Name: "YRT", Value: next})
	ask(a, r)
	if active(secret, got.AccessToken) != no || active(secret, bystander.AccessToken) != yes {
		t.Error("after the logout, not exactly its session's tokens are revoked")
	}
}

// TestNoRight: somebody who is logged in and may not enter gets 403, and stays logged in.
func TestNoRight(t *testing.T) {
	a := newTestApp(t, t.TempDir())
	c := a.known["alice"]
	c.Only = []string{"app-2"}
	a.known["alice"] = c
	token := logIn(t, a, "h", "").Query().Get("token")
	for range 2 {
		if status, _ := exchange(t, a, secret, token); status != http.StatusForbidden {
			t.Errorf("status %d", status)
		}
	}
	c.Only = []string{"app-1"}
	a.known["alice"] = c
	if status, _ := exchange(t, a, secret, token); status != http.StatusOK {
		t.Errorf("with the right: %d", status)
	}
}

func TestRefusals(t *testing.T) {
	a := newTestApp(t, t.TempDir())
	cross := form("h", "/public/login", url.Values{"name": {"alice"}, "password": {"wonderland"}})
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"wrong password":     {form("h", "/public/login", url.Values{"name": {"alice"}, "password": {"x"}}), 401},
		"unknown name":       {form("h", "/public/login", url.Values{"name": {"eve"}, "password": {"x"}}), 401},
		"foreign continue":   {form("h", "/public/login", url.Values{"name": {"alice"}, "continue": {"https://evil.org/"}}), 400},
		"another site":       {cross, 403},
		"exchange by anyone": {httptest.NewRequest(http.MethodPost, "/internal/access_token", strings.NewReader("{}")), 401},
		"page":               {httptest.NewRequest(http.MethodGet, "/public/login?continue=/x", nil), 200},
		"status":             {httptest.NewRequest(http.MethodGet, "/api/status", nil), 200},
		"root":               {httptest.NewRequest(http.MethodGet, "/", nil), 302},
	} {
		t.Run(name, func(t *testing.T) {
			if resp := ask(a, c.r); resp.StatusCode != c.want {
				t.Errorf("%s, want %d", resp.Status, c.want)
			}
		})
	}
	if status, _ := exchange(t, a, secret, "made-up"); status != http.StatusUnauthorized {
		t.Errorf("made-up token: %d", status)
	}
	if status, _ := exchange(t, a, secret, ""); status != http.StatusBadRequest {
		t.Errorf("no token: %d", status)
	}
}

func TestDestination(t *testing.T) {
	a := newTestApp(t, t.TempDir())
	for next, want := range map[string]string{
		"":                                "",
		"/x":                              "",
		"https://shop.example.org:8443/x": "https://shop.example.org:8443",
		"https://other.net:1/x":           "https://other.net:1", // where the user is
		"http://shop.example.org/":        "no",
		"https://example.org.evil.net/":   "no",
		"https://a@shop.example.org/":     "no",
		"//evil.net/":                     "no",
		"/\\evil.net/":                    "no",
		"javascript:alert(1)":             "no",
		"x":                               "no",
	} {
		base, _, ok := a.destination("other.net:1", next)
		got := "no"
		if ok {
			got = "" + base
		}
		if got != want {
			t.Errorf("%q: %s, want %s", next, got, want)
		}
	}
}

func TestSettingsNameWhatIsWrong(t *testing.T) {
	for missing, extra := range map[string]string{"PORT": "", "INTERNAL_SECRET": "", "STATE_DIRECTORY": "",
		"LOGIN_ACCESS_LIFETIME": "soon"} {
		env := map[string]string{"PORT": "1", "INTERNAL_SECRET": "x", "STATE_DIRECTORY": "/x"}
		env[missing] = extra
		_, err := settingsFrom(func(k string) string { return env[k] })
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

func TestDamagedFilesAreNamed(t *testing.T) {
	a := newTestApp(t, t.TempDir())
	if _, err := openSessions("users.json", a.session); err == nil || !strings.Contains(err.Error(), "users.json") {
		t.Errorf("sessions: %v", err)
	}
	if _, err := loadUsers("absent.json"); err == nil || !strings.Contains(err.Error(), "absent.json") {
		t.Errorf("users: %v", err)
	}
}

func TestHashMakesAnAccount(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"hash"}, nil, strings.NewReader("pass word\n"), &out); err != nil {
		t.Fatal(err)
	}
	var c credential
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	if u := (users{"x": c}); !u.check("x", "pass word") || u.check("x", "password") {
		t.Error("the hash does not fit the password")
	}
}
