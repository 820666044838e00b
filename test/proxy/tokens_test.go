package proxy_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// tokens walks through a login as a browser does, then makes sure that the token
// opens one application, is never the internal secret, and outlives its proxy.
func tokens(t *testing.T, h *host, secret string) {
	cookie := logIn(t, h, "web")
	token, next := exchange(t, h, "web", cookie)
	if next == "" || next == cookie {
		t.Fatalf("the cookie was not rotated: %q", next)
	}
	api := func(name string) int {
		return do(t, h.h2, "GET", name, "/api/x", "", "Authorization", "Bearer "+token).StatusCode
	}
	if web, other := api("web"), api("other"); web != 200 || other != 401 {
		t.Fatalf("with web's token: web answers %d, other %d", web, other)
	}
	for name, want := range map[string]struct {
		path    string
		headers []string
		status  int
	}{
		"internal":             {"/internal/x", nil, 401},
		"another instance":     {"/public/x", []string{instanceHeader, otherID}, 401},
		"its own instance":     {"/public/x", []string{instanceHeader, webID}, 200},
		"continue, other site": {"/api/set_token?token=x&continue=" + url.QueryEscape("https://evil.example/"), nil, 400},
		"continue, no scheme":  {"/api/set_token?token=x&continue=" + url.QueryEscape("//evil.example/"), nil, 400},
		"no token":             {"/api/set_token?continue=/", nil, 400},
	} {
		got := do(t, h.h1, "GET", "web", want.path, "", append(want.headers, "Authorization", "Bearer "+token)...)
		if got.StatusCode != want.status {
			t.Errorf("%s: %s, want %d", name, got.Status, want.status)
		}
	}
	for _, unit := range []string{"nexushub-proxy", "nexushubd"} {
		h.Must(t, "systemctl", "restart", unit)
		if status := api("web"); status != http.StatusOK {
			t.Errorf("after a restart of %s the token's answer is %d", unit, status)
		}
	}
	logOut(t, h, next)
}

// logIn returns the cookie that the proxy set.
func logIn(t *testing.T, h *host, name string) string {
	t.Helper()
	form := url.Values{"name": {"alice"}, "password": {"wonderland"}, "continue": {"/after?x=1"}}.Encode()
	sent := do(t, h.h2, "POST", name, "/public/login", form, "Content-Type", "application/x-www-form-urlencoded",
		"Origin", "https://"+name+"."+domain+port)
	to := sent.Header.Get("Location")
	if sent.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/api/set_token?") {
		t.Fatalf("login: %s to %q: %s", sent.Status, to, sent.body)
	}
	set := do(t, h.h2, "GET", name, to, "")
	if set.StatusCode != http.StatusFound || set.Header.Get("Location") != "/after?x=1" {
		t.Fatalf("set_token: %s to %q", set.Status, set.Header.Get("Location"))
	}
	return cookieOf(t, set, name)
}

func cookieOf(t *testing.T, a answer, name string) string {
	t.Helper()
	for _, c := range a.Cookies() {
		if c.Name != "YRT" {
			continue
		}
		if c.Path != "/" || c.Domain != name+"."+domain || !c.HttpOnly || !c.Secure ||
			c.SameSite != http.SameSiteNoneMode {
			t.Errorf("cookie: %s", c)
		}
		return c.Value
	}
	t.Fatalf("no cookie YRT: %v", a.Header)
	return ""
}

// exchange returns the access token for the cookie, and the cookie that follows it.
func exchange(t *testing.T, h *host, name, cookie string) (token, next string) {
	t.Helper()
	got := do(t, h.h2, "POST", name, "/api/access_token", "", "Cookie", "YRT="+cookie)
	var answer struct {
		AccessToken string `json:"access_token"`
		LoginURL    string `json:"login_url"`
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("access_token: %s, %v: %s", got.Status, err, got.body)
	}
	if answer.LoginURL != "" {
		return "", ""
	}
	return answer.AccessToken, cookieOf(t, got, name)
}

func logOut(t *testing.T, h *host, cookie string) {
	t.Helper()
	got := do(t, h.h2, "POST", "web", "/public/logout", "", "Cookie", "YRT="+cookie)
	if got.StatusCode != http.StatusSeeOther {
		t.Errorf("logout: %s %s", got.Status, got.body)
	}
	if token, _ := exchange(t, h, "web", cookie); token != "" {
		t.Error("the cookie is good for tokens after the logout")
	}
}
