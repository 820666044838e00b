package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

const (
	loginHost = "https://login.yesterday.localhost:8443"
	words     = "correct horse battery"
)

// visitor is a browser, as far as addresses, forms and cookies go.
type visitor struct {
	t *testing.T
	*http.Client
	seen []string // addresses that it was led to
}

func (h *host) visitor(t *testing.T) *visitor {
	t.Helper()
	c, err := h.TrustingClient(t.Context())
	if err == nil {
		c.Jar, err = cookiejar.New(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, Client: c}
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		v.seen = append(v.seen, r.URL.String())
		return nil
	}
	return v
}

// ask sends a form, or gets a page, and returns where that has led and what is there.
func (v *visitor) ask(to string, form url.Values, header ...string) (at *url.URL, status int, body string) {
	v.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	v.seen = nil
	resp, err := v.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.Request.URL, resp.StatusCode, string(text)
}

func (v *visitor) signIn(name, password, next string) (at *url.URL, status int, body string) {
	v.t.Helper()
	return v.ask(loginHost+"/public/login", url.Values{"name": {name}, "password": {password}, "continue": {next}})
}

// enters says how the API of an application answers, after the exchange that its page asks for.
func (v *visitor) enters(app string) int {
	v.t.Helper()
	_, _, body := v.ask(app+"/api/access_token", url.Values{})
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil { // 403, in words
		return http.StatusForbidden
	}
	_, status, _ := v.ask(app+"/api/status", nil, "Authorization", "Bearer "+got.AccessToken)
	return status
}

// The login application of the package, from the first account to the end of a session: people are
// added by root, sign in through the proxy, enter what they may, and are thrown out at once.
func TestLoginApplication(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.Sh(t, "cp /usr/share/doc/nexushub/examples/login.toml /etc/nexushub/apps.d/")
		h.Reload(t)
		h.AwaitState(t, "login", api.StateRunning)

		var ada output.Invitation
		if err := json.Unmarshal([]byte(h.Sh(t, "nexushub user add ada --role owner --json")), &ada); err != nil {
			t.Fatal(err)
		}
		v := h.visitor(t)
		link, err := url.Parse(ada.Link)
		if err != nil || !strings.HasPrefix(ada.Link, loginHost+"/invitation?code=") {
			t.Fatalf("%s, %v", ada.Link, err)
		}
		form := url.Values{"code": {link.Query().Get("code")}, "new": {words}, "again": {words}}
		if at, status, body := v.ask(loginHost+"/invitation", form); at.Path != "/account" || status != 200 ||
			!strings.Contains(body, "ada") {
			t.Fatalf("%s, %d: %s", at, status, body)
		}
		h.Sh(t, "nexushub user add bob --app hello --json")
		h.Sh(t, "echo "+strings.ReplaceAll(words, " ", "_")+" | nexushub user passwd bob")

		other := h.visitor(t)
		at, _, body := other.ask(hello+"/public/login", url.Values{"name": {"ada"}, "password": {words}})
		if at.Host != "login.yesterday.localhost:8443" || !strings.Contains(body, "<h1>Sign in</h1>") {
			t.Errorf("a password is taken at the host of an application: %s", at)
		}
		bob := h.visitor(t)
		bob.entersWhatHeMay(hello, site)
		if status := v.enters(hello); status != 401 {
			t.Errorf("signed in at the login host alone: %d", status)
		}
		at, _, _ = v.ask(loginHost+"/public/login?continue="+url.QueryEscape(hello+"/public/time"), nil)
		if at.Path != "/public/time" {
			t.Errorf("sent to %s", at)
		}
		if status := v.enters(hello); status != 200 {
			t.Errorf("ada: %d", status)
		}

		h.Sh(t, "nexushub restart login")
		if status := bob.enters(hello); status != 200 {
			t.Errorf("bob, after a restart of the login application: %d", status)
		}
		h.Sh(t, "nexushub stop login")
		h.Sh(t, "nexushub user lock bob")
		h.Sh(t, "nexushub start login")
		if status := bob.enters(hello); status != 401 {
			t.Errorf("bob is locked out, and enters: %d", status)
		}
		if _, status, _ := bob.signIn("bob", words, ""); status != 401 {
			t.Errorf("bob is locked out, and signs in: %d", status)
		}
		h.secretsAreNotLogged(t, words, link.Query().Get("code"))
		exposure := h.Sh(t, "systemd-analyze security --no-pager "+h.AwaitUnit(t, "login")+" | tail -1")
		if !strings.Contains(exposure, "SAFE") {
			t.Errorf("exposure: %s", exposure)
		}
	})
}

func (v *visitor) entersWhatHeMay(app, other string) {
	v.t.Helper()
	password := strings.ReplaceAll(words, " ", "_")
	at, status, _ := v.ask(app+"/public/login?continue=/public/time", nil)
	if at.Host != "login.yesterday.localhost:8443" || status != 200 {
		v.t.Fatalf("the form is at %s", at)
	}
	next := at.Query().Get("continue")
	if _, status, body := v.signIn("bob", "wrong password", next); status != 401 || !strings.Contains(body, "is wrong") {
		v.t.Errorf("wrong password: %d", status)
	}
	if at, status, _ = v.signIn("bob", password, next); at.String() != app+"/public/time" || status != 200 {
		v.t.Fatalf("signed in, and at %s: %d", at, status)
	}
	if len(v.seen) != 2 || !strings.Contains(v.seen[0], "/api/set_token") {
		v.t.Errorf("led to %v", v.seen)
	}
	if status := v.enters(app); status != 200 {
		v.t.Errorf("bob enters his application: %d", status)
	}
	if at, _, _ = v.ask(loginHost+"/public/login?continue="+url.QueryEscape(other+"/"), nil); at.String() != other+"/" {
		v.t.Errorf("sent to %s", at)
	}
	if _, status, body := v.ask(other+"/api/access_token", url.Values{}); status != 403 || !strings.Contains(body, "bob") {
		v.t.Errorf("bob enters another application: %d, %s", status, body)
	}
	// What a page of an application has a browser send.
	if _, status, _ := v.ask(loginHost+"/account/sessions", url.Values{"others": {"yes"}}, "Sec-Fetch-Site", "same-site",
		"Origin", app); status != 403 {
		v.t.Errorf("a page of an application changes the account: %d", status)
	}
}

func (h *host) secretsAreNotLogged(t *testing.T, secrets ...string) {
	t.Helper()
	log := h.Sh(t, "journalctl --no-pager --output=export")
	if !strings.Contains(log, "person=bob") {
		t.Fatal("the journal does not even have the sign-in")
	}
	for _, s := range append(secrets, strings.ReplaceAll(words, " ", "_")) {
		// The command that sent it to passwd was the test's own.
		if strings.Contains(strings.ReplaceAll(log, "echo "+s, ""), s) {
			t.Errorf("%q is in the journal", s)
		}
	}
}
