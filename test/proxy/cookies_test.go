package proxy_test

import (
	"net/http"
	"strings"
	"testing"
)

// foreignCookies: an application neither sets the cookie of the login nor has a browser
// forget the cookies of the whole domain, and of two such cookies neither counts.
func foreignCookies(t *testing.T, h *host) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		got := do(t, c, "GET", "cleaner", "/public/fixation", "")
		if set := got.Header["Set-Cookie"]; got.StatusCode != 200 || len(set) != 1 ||
			!strings.HasPrefix(set[0], "mine=1") || len(got.Trailer["Set-Cookie"]) > 0 {
			t.Errorf("%s: %s %v %v", protocol, got.Status, set, got.Trailer)
		}
		if clear := got.Header.Get("Clear-Site-Data"); clear != `"storage"` {
			t.Errorf("%s: Clear-Site-Data: %s", protocol, clear)
		}
		two := do(t, c, "POST", "cleaner", "/api/access_token", "", "Cookie", "YRT=a; YRT=b")
		if !strings.Contains(two.body, "login_url") || len(two.Header["Set-Cookie"]) == 0 {
			t.Errorf("%s: two cookies: %s %s %v", protocol, two.Status, two.body, two.Header)
		}
	}
}
