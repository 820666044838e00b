package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/load"
)

// Host is a machine with NexusHub installed, as its administrator and its users see it. The suites embed it and add
// what is their own.
type Host struct {
	*Machine
	HTTP *http.Client // trusts the authority of the host's proxy; every name leads to the host

	mu    sync.Mutex // guards the fields that follow
	boot  int        // PID of the machine that agent speaks to
	agent *api.Client
}

// NewHost boots a machine that has the package under test, and more of Debian's packages.
func NewHost(t testing.TB, s Suite, more ...string) *Host {
	t.Helper()
	tree, err := TreeWith(s, more, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := Installed(tree, MustDeb(t), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Machine: Boot(t, Options{Suite: s, Tree: tree, Layer: layer})}
	h.trust(t)
	return h
}

// InstallHost boots a machine and installs a package as an administrator does, while it runs.
func InstallHost(t testing.TB, s Suite, deb string) *Host {
	t.Helper()
	h := &Host{Machine: Boot(t, Options{Suite: s})}
	h.MustInstallDeb(t, deb)
	h.trust(t)
	return h
}

func (h *Host) trust(t testing.TB) {
	t.Helper()
	Eventually(t, "the proxy has an authority", func() (err error) {
		h.HTTP, err = h.TrustingClient(t.Context())
		return err
	})
	t.Cleanup(h.HTTP.CloseIdleConnections)
}

// Reload lets the agent read its configuration again.
func (h *Host) Reload(t testing.TB) {
	t.Helper()
	h.Must(t, "systemctl", "reload", "nexushubd")
}

// Define writes the configuration of an application, as apps.d/README tells.
func (h *Host) Define(t testing.TB, name, toml string) {
	t.Helper()
	h.Write(t, "/etc/nexushub/apps.d/"+name+".toml", toml)
}

// CopyExample puts an example that `make examples` built to /srv/NAME.
func (h *Host) CopyExample(t testing.TB, name string) {
	t.Helper()
	h.MustCopyIn(t, filepath.Join(Dist(), "examples", name), "/srv/"+name)
}

// API speaks to the agent over its own socket, also after a reboot.
func (h *Host) API() *api.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pid := h.PID(); pid != h.boot {
		h.boot, h.agent = pid, api.NewClient(fmt.Sprintf("/proc/%d/root%s", pid, api.Socket))
	}
	return h.agent
}

// AwaitState waits until an application is in a state, and returns it.
func (h *Host) AwaitState(t testing.TB, name string, want api.State) (app api.App) {
	t.Helper()
	Eventually(t, name+" is "+string(want), func() (err error) {
		if app, err = h.API().App(t.Context(), name); err == nil && app.State != want {
			err = fmt.Errorf("it is %s: %s", app.State, app.Why)
		}
		return err
	})
	return app
}

// CreateToken makes an API token.
func (h *Host) CreateToken(t testing.TB, name string) string {
	t.Helper()
	var issued struct{ Token string }
	out := h.Must(t, "nexushub", "token", "create", "--json", name)
	if err := json.Unmarshal([]byte(out), &issued); err != nil || issued.Token == "" {
		t.Fatalf("token create: no token (%v) in %s", err, out)
	}
	return issued.Token
}

// Get reads a page of the host.
func (h *Host) Get(ctx context.Context, url string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := h.HTTP.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// AwaitServed waits until a page is answered with 200.
func (h *Host) AwaitServed(t testing.TB, url string) {
	t.Helper()
	Eventually(t, url+" is served", func() error {
		status, body, err := h.Get(t.Context(), url)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", status, body)
		}
		return err
	})
}

// Units lists the running units of an application, or of all applications ("*").
func (h *Host) Units(t testing.TB, app string) []string {
	t.Helper()
	out := h.Must(t, "systemctl", "list-units", "--plain", "--no-legend", "--state=active",
		"nexushub-app-"+app+"-*.service")
	var units []string
	for line := range strings.Lines(out) {
		unit, _, _ := strings.Cut(line, " ")
		units = append(units, unit)
	}
	return units
}

// AwaitUnit waits until one unit of an application runs, and returns its name.
func (h *Host) AwaitUnit(t testing.TB, app string) string {
	t.Helper()
	var units []string
	Eventually(t, "one unit of "+app+" runs", func() error {
		if units = h.Units(t, app); len(units) != 1 {
			return fmt.Errorf("%d do: %q", len(units), units)
		}
		return nil
	})
	return units[0]
}

// Identity of units, a line for each, is what changes when one is restarted.
func (h *Host) Identity(t testing.TB, units ...string) string {
	t.Helper()
	if len(units) == 0 {
		return ""
	}
	out := h.Must(t, "systemctl", append([]string{"show", "-p",
		"Id,MainPID,InvocationID,ActiveEnterTimestampMonotonic"}, units...)...)
	lines := strings.Split(out, "\n\n")
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "\n", " ")
	}
	return strings.Join(lines, "\n")
}

// One load at a time: the generator shares the processors with what it measures.
var loading sync.Mutex

// UnderLoad sends requests, half of them on new connections, while act runs, and fails the test for every request
// that fails.
func (h *Host) UnderLoad(t testing.TB, url string, rate int, act func()) {
	t.Helper()
	loading.Lock()
	defer loading.Unlock()
	fresh := *h.HTTP
	transport := h.HTTP.Transport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	fresh.Transport = transport
	h.AwaitServed(t, url)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	result := make(chan load.Result, 1)
	go func() {
		result <- load.Run(ctx, load.Options{URL: url, Rate: rate, Clients: []*http.Client{h.HTTP, &fresh}})
	}()
	act()
	h.AwaitServed(t, url)
	stop()
	r := <-result // a request's own timeout bounds it
	t.Log(r)
	if len(r.Failures) > 0 || r.Sent == 0 {
		t.Errorf("%d of %d requests failed", len(r.Failures), r.Sent)
	}
}
