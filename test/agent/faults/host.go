// Package faults does to an installed NexusHub what goes wrong on real hosts: its
// agent is killed at any moment, applications are replaced under load, systemd and the
// bus are reloaded and restarted. Each fault takes a count, so that the quick tests and
// the long runs of `make soak` are the same code.
package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/load"
)

// Host is a machine with the package installed.
type Host struct {
	*lab.Machine
	T      *testing.T
	client *http.Client
}

// OnEachSuite runs a test on a fresh machine of every suite, one after the other:
// faults under load need the CPUs to themselves.
func OnEachSuite(t *testing.T, f func(*Host)) {
	t.Helper()
	for _, s := range lab.Suites {
		t.Run(string(s), func(t *testing.T) { f(NewHost(t, s)) })
	}
}

// NewHost boots a machine, installs the package and copies the example in.
func NewHost(t *testing.T, s lab.Suite) *Host {
	t.Helper()
	m := lab.Boot(t, lab.Options{Suite: s})
	m.MustInstall(t)
	h := &Host{Machine: m, T: t}
	h.Eventually("the proxy has an authority", func() (err error) {
		h.client, err = m.TrustingClient(t.Context())
		return err
	})
	if err := h.CopyIn(t.Context(), filepath.Join(lab.Dist(), "examples", "hello"), "/srv/hello"); err != nil {
		t.Fatal(err)
	}
	return h
}

// ID is the instance id of application n.
func ID(n int) string { return fmt.Sprintf("7d9dd7f6-6d3f-4b64-9a27-%012d", n) }

// Name is the name of application n.
func Name(n int) string { return fmt.Sprintf("app%d", n) }

// URL is a page of application n that needs no token.
func URL(n int) string { return "https://" + Name(n) + ".yesterday.localhost:8443/public/time" }

// Define writes the configuration of application n; more is TOML.
func (h *Host) Define(n int, more ...string) {
	h.T.Helper()
	text := fmt.Sprintf("instance_id = %q\nhost_name = \"%s.yesterday.localhost\"\npackage = \"/srv/hello\"\n%s\n", ID(n), Name(n), strings.Join(more, "\n"))
	if err := h.WriteFile(h.T.Context(), "/etc/nexushub/apps.d/"+Name(n)+".toml", []byte(text), 0o644); err != nil {
		h.T.Fatal(err)
	}
}

// DefineAll defines applications 1 to n, loads them and waits until all run.
func (h *Host) DefineAll(n int) {
	h.T.Helper()
	for i := 1; i <= n; i++ {
		h.Define(i)
	}
	h.Reload()
	h.AllRun(n)
}

// Reload lets the agent read its configuration again.
func (h *Host) Reload() {
	h.T.Helper()
	h.Must(h.T, "systemctl", "reload", "nexushubd")
}

// Sh runs a script in the machine; its failure ends the test.
func (h *Host) Sh(script string) string {
	h.T.Helper()
	out, err := h.Shell(h.T.Context(), script)
	if err != nil {
		h.T.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// Eventually polls until a condition of the running system holds.
func (h *Host) Eventually(what string, f func() error) {
	h.T.Helper()
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	h.T.Fatalf("%s: not in 2 min: %v", what, err)
}

// Apps asks the agent for every application.
func (h *Host) Apps() ([]api.App, error) {
	out, err := h.Output(h.T.Context(), "nexushub", "list", "--json")
	if err != nil {
		return nil, err
	}
	var apps []api.App
	return apps, json.Unmarshal([]byte(out), &apps)
}

// App asks the agent for application n.
func (h *Host) App(n int) api.App {
	h.T.Helper()
	apps, err := h.Apps()
	if err != nil {
		h.T.Fatal(err)
	}
	for _, a := range apps {
		if a.ID == ID(n) {
			return a
		}
	}
	h.T.Fatalf("%s is not in the list", Name(n))
	return api.App{}
}

// Reaches polls until application n is in a state, and returns it.
func (h *Host) Reaches(n int, want api.State) (app api.App) {
	h.T.Helper()
	h.Eventually(Name(n)+" is "+string(want), func() error {
		if app = h.App(n); app.State != want {
			return fmt.Errorf("it is %s: %s", app.State, app.Why)
		}
		return nil
	})
	return app
}

// AllRun waits until applications 1 to n run.
func (h *Host) AllRun(n int) {
	h.T.Helper()
	h.Eventually("all applications run", func() error {
		apps, err := h.Apps()
		if err != nil {
			return err
		}
		running := 0
		for _, a := range apps {
			if a.State == api.StateRunning {
				running++
			}
		}
		if running != n {
			return fmt.Errorf("%d of %d run", running, n)
		}
		return nil
	})
}

// Identities are the units that run, with what changes when one is restarted.
func (h *Host) Identities() string {
	h.T.Helper()
	return h.Sh(`for u in $(systemctl list-units --plain --no-legend --state=active 'nexushub-app-*.service' | cut -d' ' -f1); do
		echo $u $(systemctl show -p MainPID -p InvocationID $u); done | sort`)
}

// UnderLoad sends requests to application n, half of them on new connections, while f
// acts, and fails the test for every request that failed.
func (h *Host) UnderLoad(n, rate int, f func()) {
	h.T.Helper()
	fresh := *h.client
	transport := h.client.Transport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	fresh.Transport = transport
	h.Eventually(URL(n)+" is served", func() error { return h.get(URL(n)) })
	ctx, stop := context.WithCancel(h.T.Context())
	defer stop()
	result := make(chan load.Result, 1)
	go func() {
		result <- load.Run(ctx, load.Options{URL: URL(n), Rate: rate, Clients: []*http.Client{h.client, &fresh}})
	}()
	f()
	stop()
	r := <-result
	h.T.Log(r)
	if len(r.Failures) > 0 {
		h.T.Errorf("%d of %d requests failed", len(r.Failures), r.Sent)
	}
}

func (h *Host) get(url string) error {
	req, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return errors.Join(err, resp.Body.Close())
}
