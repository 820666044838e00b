package proxy_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

// clientPage asks for an access token as existing pages do: they look at the answer's body
// alone.
const clientPage = `<!doctype html><p id="state"></p><script>
async function enter() {
  const answer = await fetch('/api/access_token', {method: 'POST'})
  const text = await answer.text()
  let body = {}
  try { body = JSON.parse(text) } catch {}
  if (body.login_url) {
    location.href = body.login_url + 'public/login?continue=' + encodeURIComponent(location.href)
    return
  }
  let result = answer.status + ' ' + text
  if (body.access_token) {
    result = (await fetch('/api/x', {headers: {Authorization: 'Bearer ' + body.access_token}})).status
  }
  document.querySelector('#state').textContent = result
}
enter()
</script>`

// roundTrips counts what a browser does until the page knows whether it may enter. The login
// application sends everybody back at once, so that a wrong answer of the proxy has no end.
func roundTrips(t *testing.T, h *host) {
	if err := need.Commands(t.Context(), "chromium=chromium"); err != nil {
		t.Fatal(err)
	}
	before := h.target(t, loginID)
	h.deploy(t, application{name: "login", id: loginID, pkg: appPackage(t, "", nil)})
	lab.Within(t, soon, "the other login application has taken over", func() error {
		now := h.target(t, loginID)
		return lab.Unless(now != "" && now != before, "the target is %q", now)
	})
	b := h.browse(t, "web."+domain, "--ignore-certificate-errors", // each host has a key of its own
		"--disable-background-timer-throttling") // a page goes on when another window is in front
	defer func() {
		if t.Failed() {
			t.Logf("the browser asked for an access token %d times", b.count("POST", "/api/access_token"))
		}
	}()
	b.call("Network.enable", nil)
	page := "https://web." + domain + port + "/client.html"
	login := "https://login." + domain + port + "/public/login?"
	for _, c := range []struct {
		name, start, state string
		exchanges, logins  int
	}{
		{"with the right", login + url.Values{"user": {"everybody"}, "continue": {page}}.Encode(), "200", 1, 1},
		{"signed in before", page, "200", 1, 0},
		{"without the right", login + url.Values{"user": {"stranger"}, "continue": {page}}.Encode(), "403 You may not", 1, 1},
		{"without the right, again", page, "403 You may not", 1, 0},
		{"session is over", "https://web." + domain + port + "/api/set_token?token=old&continue=/client.html", "403 You may not", 2, 1},
		{"signed out", "", "200", 2, 1},
	} {
		if c.start == "" {
			b.call("Network.clearBrowserCookies", nil)
			c.start = page
		}
		b.call("Page.navigate", map[string]any{"url": "about:blank"})
		b.sent = nil
		b.call("Page.navigate", map[string]any{"url": c.start})
		b.text("#state", func(s string) bool { return strings.HasPrefix(s, c.state) })
		if n := b.count("POST", "/api/access_token"); n != c.exchanges {
			t.Errorf("%s: %d exchanges, want %d: %q", c.name, n, c.exchanges, b.sent)
		}
		if n := b.count("GET", "/public/login"); n != c.logins {
			t.Errorf("%s: led to the login %d times, want %d: %q", c.name, n, c.logins, b.sent)
		}
	}
	hostileContinue(t, b)
}

// count returns how many requests of this kind the page has sent.
func (b *browser) count(method, path string) int {
	n := 0
	for s := range slices.Values(b.sent) {
		u, err := url.Parse(s.url)
		if err == nil && s.method == method && u.Path == path {
			n++
		}
	}
	return n
}
