package proxy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

const privateSite = "https://prometheus." + domain + port

// TestPrivatePrometheus puts a program that knows no users behind the login application: in a browser, for programs,
// and until somebody signs out.
func TestPrivatePrometheus(t *testing.T) {
	if err := need.Commands(t.Context(), "chromium=chromium"); err != nil {
		t.Fatal(err)
	}
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := &host{Host: lab.NewHost(t, s, "prometheus")}
		h.h1, h.h2 = h.client(t, false), h.client(t, true)
		h.deploy(t, application{name: "login", id: loginID, pkg: loginPackage(t, "")})
		h.MustCopyIn(t, privatePackage(t), "/srv/prometheus")
		h.Sh(t, "systemctl disable --now prometheus; cd /srv/prometheus; nexushub deploy")
		h.AwaitState(t, "prometheus", api.StateRunning)

		h.closedToPrograms(t)
		b := h.browse(t, "prometheus."+domain, "--ignore-certificate-errors")
		b.call("Network.enable", nil)
		b.signIn("bob", "builder")
		b.text("h1", func(s string) bool { return strings.HasPrefix(s, "403") })
		if text := b.text("p", func(s string) bool { return s != "" }); !strings.Contains(text, "bob") {
			t.Errorf("bob is told %q", text)
		}
		b.call("Network.clearBrowserCookies", nil)
		b.signIn("alice", "wonderland")
		b.text("title", func(s string) bool { return strings.Contains(s, "Prometheus") })
		if at, _ := b.run("location.href").(string); !strings.HasPrefix(at, privateSite+"/") ||
			!strings.Contains(at, "/graph?g0.expr=up") { // the one of Debian 12 leads on
			t.Errorf("alice comes to %s", at)
		}
		b.text("body", func(string) bool { return b.fetches("GET", "/api/v1/query?query=up", "status") == "success" })
		token := b.fetches("POST", "/.well-known/nexushub/access_token", "access_token")
		if status, body := h.query(t, "Authorization", "Bearer "+token); status != 200 || !strings.Contains(body, "success") {
			t.Errorf("a program: %d %s", status, body)
		}
		h.closedToPrograms(t)
		h.shownAsPrivate(t)
		h.signedOut(t, b.cookie("YRT"), token)
		b.call("Page.navigate", map[string]any{"url": privateSite + "/graph"})
		b.text("form button", func(s string) bool { return s != "" })
		h.opened(t)
	})
}

// privatePackage is that of the gallery, in a network of its own.
func privatePackage(t *testing.T) string {
	t.Helper()
	root, err := need.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples/gallery/prometheus"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "nexushub.toml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append([]byte("network = \"guest\"\naccess = \"private\"\nroles = [\"operator\"]\n"), text...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (h *host) query(t *testing.T, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, privateSite+"/api/v1/query?query=up", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.h2.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// closedToPrograms: neither a header that says who one is opens it, nor the secret that applications with areas have.
func (h *host) closedToPrograms(t *testing.T) {
	t.Helper()
	file := h.Must(t, "cat", "/run/nexushub/env/"+loginID+".env")
	secret := strings.Trim(strings.TrimPrefix(strings.TrimSpace(file), "INTERNAL_SECRET="), `"'`)
	for name, headers := range map[string][]string{
		"nothing": nil, "the internal secret": {"Authorization", "Bearer " + secret},
		"a name": {"X-NexusHub-User", "alice", "X-NexusHub-Roles", "operator"}, "a made-up token": {"Authorization", "Bearer x"},
		"a made-up cookie": {"Cookie", "__Host-NexusHub-Access=x"},
	} {
		if status, body := h.query(t, headers...); status != 401 || len(secret) < 16 || strings.Contains(body, "success") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func (h *host) shownAsPrivate(t *testing.T) {
	t.Helper()
	status := h.Must(t, "nexushub", "status", "prometheus")
	if !strings.Contains(status, "private: who has signed in and is operator (manifest)") || strings.Contains(status, "bypassable") {
		t.Errorf("status:\n%s", status)
	}
	app := h.AwaitState(t, "prometheus", api.StateRunning)
	env := h.Must(t, "systemctl", "show", "-p", "EnvironmentFiles", "--value", app.Unit)
	if strings.Contains(env, ".env") {
		t.Errorf("it has the internal secret: %s", env)
	}
}

// signedOut: the login application is told by whoever signs out, and what the session was granted ends.
func (h *host) signedOut(t *testing.T, refresh, token string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://login."+domain+port+"/public/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "YRT="+refresh)
	resp, err := h.h1.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	lab.Within(t, soon, "the token ends with its session", func() error {
		status, _ := h.query(t, "Authorization", "Bearer "+token)
		return lab.Unless(status == 401, "it is answered %d", status)
	})
}

// opened by the operator, who is told that it is more than before, and closed again, which is not.
func (h *host) opened(t *testing.T) {
	t.Helper()
	if said := h.Sh(t, "nexushub access prometheus open 2>&1"); !strings.Contains(said, "from private (operator) to open") {
		t.Errorf("opening it says %q", said)
	}
	if status, _ := h.query(t); status != 200 {
		t.Errorf("opened: %d", status)
	}
	if said := h.Sh(t, "nexushub access prometheus private --role viewer 2>&1"); strings.Contains(said, "widens") {
		t.Errorf("closing it says %q", said)
	}
	if status, _ := h.query(t); status != 401 {
		t.Errorf("closed: %d", status)
	}
	if said := h.Must(t, "nexushub", "access", "prometheus"); strings.TrimSpace(said) != "private, viewer (settings)" {
		t.Errorf("access says %q", said)
	}
}

// signIn goes to a page of the application, is led to the login application, and fills in its form.
func (b *browser) signIn(name, password string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": privateSite + "/graph?g0.expr=up"})
	b.text("form button", func(s string) bool { return s != "" })
	if at, _ := b.run("location.href").(string); !strings.HasPrefix(at, "https://login."+domain+port+"/public/login?continue="+
		url.QueryEscape(privateSite+"/graph?")) {
		b.t.Errorf("led to %s", at)
	}
	b.run(fmt.Sprintf(`document.querySelector('[name=name]').value = %q
document.querySelector('[name=password]').value = %q
document.querySelector('form').submit()`, name, password))
}

// fetches sends a request of the page's own, and returns a member of the answer.
func (b *browser) fetches(method, path, member string) string {
	b.t.Helper()
	script := fmt.Sprintf(`fetch(%q, {method: %q}).then(r => r.text())`, path, method)
	result := b.call("Runtime.evaluate", map[string]any{"awaitPromise": true, "returnByValue": true, "expression": script})
	value, _ := result["result"].(map[string]any)
	text, _ := value["value"].(string)
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return text
	}
	found, _ := doc[member].(string)
	return found
}

// cookie is the value of one that the browser has for the application.
func (b *browser) cookie(name string) string {
	b.t.Helper()
	list, _ := b.call("Network.getCookies", map[string]any{"urls": []string{privateSite}})["cookies"].([]any)
	for _, c := range list {
		if c, _ := c.(map[string]any); c["name"] == name {
			value, _ := c["value"].(string)
			return value
		}
	}
	b.t.Errorf("no cookie %s among %v", name, list)
	return ""
}
