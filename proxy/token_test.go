package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

func TestLogin(t *testing.T) {
	f := start(t)
	var asked map[string]string
	login := routeTo(t, loginID, "login.yesterday.localhost",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/internal/access_token" || r.Header.Get("Authorization") != "Bearer "+secret {
				w.WriteHeader(404)
				return
			}
			if host, _ := hostname.Parse(r.Header.Get("X-Forwarded-Host")); host != appHost {
				t.Errorf("the cookie is said to be of %q", host)
			}
			json.NewDecoder(r.Body).Decode(&asked)
			switch asked["RefreshToken"] {
			case "refresh-1":
			case "not-for-this-one":
				http.Error(w, "no right to it", http.StatusForbidden)
				return
			case "quoted":
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, "<script>alert(1)</script>")
				return
			case "again":
				w.WriteHeader(http.StatusTooEarly)
				return
			case "endless":
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, strings.Repeat("x", maxDenial+1))
				return
			case "elsewhere":
				http.Redirect(w, r, "/", http.StatusFound)
				return
			default:
				w.WriteHeader(401)
				return
			}
			json.NewEncoder(w).Encode(map[string]any{"Expiry": time.Now().Add(time.Hour), "RefreshToken": "refresh-2",
				"AccessToken": "access-1", "ApplicationID": asked["ApplicationID"]})
		}))
	f.apply(table(login, appRoute(t, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data")
		}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		for next, want := range map[string]int{
			"/page": 302, "page": 400, "": 400,
			"https://" + appHost + "/x": 302, "https://" + appHost + ":8443/x": 302,
			"https://other.yesterday.localhost/": 302,
			"http://" + appHost:                  400, "https://u@" + appHost: 400, "https://" + appHost + ":99999": 400,
			"https://evil.example/": 400, "https:evil.example": 400, "//evil.example": 400, "/\\evil.example": 400,
			"/%09/evil": 400, "javascript:alert(1)": 400, "https:///evil.example": 400, "https://[::1]": 400,
			"https://yesterday.localhost.evil.example/": 400,
			"https://.yesterday.localhost":              400, "https://a..yesterday.localhost": 400,
			"https://evil.example%EF%BC%8F.yesterday.localhost":       400,
			"https://evil.example%25ef%25bc%258f.yesterday.localhost": 400,
		} {
			r := get(t, c, "/api/set_token?token=refresh-1&continue="+strings.ReplaceAll(next, "\\", "%5C"))
			if r.StatusCode != want {
				t.Errorf("continue=%q: %s", next, r.Status)
			}
			if want == 302 && r.Header.Get("Set-Cookie") != "YRT=refresh-1; Path=/; Domain="+appHost+
				"; HttpOnly; Secure; SameSite=None" {
				t.Error(r.Header.Get("Set-Cookie"))
			}
		}
		exchange := func(refresh string) (*http.Response, map[string]string) {
			r, _ := http.NewRequest("POST", "https://"+appHost+"/api/access_token", nil)
			if refresh != "" {
				r.AddCookie(&http.Cookie{Name: "YRT", Value: refresh})
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			if err := json.Unmarshal([]byte(body(t, resp)), &got); err != nil {
				t.Fatal(resp.Status, err)
			}
			return resp, got
		}
		for _, refresh := range []string{"", "wrong"} {
			if _, got := exchange(refresh); got["login_url"] != "https://login.yesterday.localhost/" {
				t.Error(refresh, got)
			}
		}
		for refresh, want := range map[string]int{
			"not-for-this-one": 403, "quoted": 400, "elsewhere": 502, "again": 502, "endless": 502,
		} {
			r, _ := http.NewRequest("POST", "https://"+appHost+"/api/access_token", nil)
			r.Header.Set("Cookie", "YRT="+refresh)
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got := body(t, resp)
			if resp.StatusCode != want || strings.Contains(got, "login_url") || want == 403 && got != "no right to it\n" {
				t.Errorf("%s: %s %q", refresh, resp.Status, got)
			}
			if h := resp.Header; want < 500 && (h.Get("Content-Type") != "text/plain; charset=utf-8" ||
				h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox")) {
				t.Errorf("%s: a browser may take it for a page: %v", refresh, h)
			}
		}
		resp, got := exchange("refresh-1")
		if got["access_token"] != "access-1" || !strings.HasPrefix(resp.Header.Get("Set-Cookie"), "YRT=refresh-2;") ||
			asked["ApplicationID"] != appID {
			t.Fatal(got, resp.Header, asked)
		}
		r, _ := http.NewRequest("GET", "https://"+appHost+"/api/data", nil)
		r.Header.Set("Authorization", "Bearer access-1")
		if resp, err := c.Do(r); err != nil || body(t, resp) != "data" {
			t.Error(resp, err)
		}
	})
}

// TestExchangeWaitsForLogin: a browser that asks for a token while the login application
// starts, or is replaced, gets one.
func TestExchangeWaitsForLogin(t *testing.T) {
	f := start(t, func(o *Options) { o.HoldTimeout = 20 * time.Second })
	app := appRoute(t, http.NotFoundHandler())
	login := routeTo(t, loginID, "login.yesterday.localhost",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			json.NewEncoder(w).Encode(map[string]any{"Expiry": time.Now().Add(time.Hour), "RefreshToken": "b",
				"AccessToken": "c", "ApplicationID": appID})
		}))
	replaced, starting := login, login
	replaced.Target = &proxyctl.Target{ID: "old", Network: "tcp", Address: "127.0.0.1:1"}
	starting.State, starting.Target = proxyctl.StateStarting, nil
	for name, before := range map[string]proxyctl.Route{"starts": starting, "is replaced": replaced} {
		f.apply(table(login, app))
		f.apply(table(before, app))
		if before.Target != nil {
			f.server.targets.find("old").draining.Store(true)
		}
		got := make(chan string, 1)
		c := f.http(true)
		go func() {
			r, _ := http.NewRequest("POST", "https://"+appHost+"/api/access_token", nil)
			r.AddCookie(&http.Cookie{Name: "YRT", Value: "a"})
			resp, err := c.Do(r)
			if err != nil {
				got <- err.Error()
				return
			}
			got <- body(t, resp)
		}()
		eventually(t, "the exchange waits", func() bool { return f.server.inFlight[0].Load() == 1 })
		f.apply(table(login, app))
		if s := <-got; s != `{"access_token":"c"}`+"\n" {
			t.Errorf("login %s: %s", name, s)
		}
	}
}
