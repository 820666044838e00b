// Package faults does to an installed NexusHub what goes wrong on real hosts: its
// agent is killed at any moment, applications are replaced under load, systemd and the
// bus are reloaded and restarted. Each fault takes a count, so that the quick tests and
// the long runs of `make soak` are the same code.
package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// Patience is how long a host may take to be as it should again.
const Patience = 2 * time.Minute

// Host is a host with numbered applications, all of which are the example hello.
type Host struct{ *lab.Host }

// OnEachSuite runs a test on a fresh host of every suite, one after the other: faults
// under load need the processors to themselves.
func OnEachSuite(t *testing.T, test func(*testing.T, *Host)) {
	t.Helper()
	lab.EachSuite(t, func(t *testing.T, s lab.Suite) { test(t, NewHost(t, s)) })
}

// OnEachSuiteAtOnce is OnEachSuite for what is not under load.
func OnEachSuiteAtOnce(t *testing.T, test func(*testing.T, *Host)) {
	t.Helper()
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) { test(t, NewHost(t, s)) })
}

// NewHost copies the example into a fresh host.
func NewHost(t *testing.T, s lab.Suite) *Host {
	t.Helper()
	h := &Host{lab.NewHost(t, s)}
	h.CopyExample(t, "hello")
	return h
}

// ID is the instance id of application n.
func ID(n int) string { return fmt.Sprintf("7d9dd7f6-6d3f-4b64-9a27-%012d", n) }

// Name is the name of application n.
func Name(n int) string { return fmt.Sprintf("app%d", n) }

// URL is a page of application n that needs no token.
func URL(n int) string { return "https://" + Name(n) + ".yesterday.localhost:8443/public/time" }

// Define writes the configuration of application n; more is TOML.
func (h *Host) Define(t *testing.T, n int, more ...string) {
	t.Helper()
	h.Host.Define(t, Name(n),
		fmt.Sprintf("instance_id = %q\nhost_name = \"%s.yesterday.localhost\"\npackage = \"/srv/hello\"\n%s\n",
			ID(n), Name(n), strings.Join(more, "\n")))
}

// DefineAll defines applications 1 to n, loads them and waits until all run.
func (h *Host) DefineAll(t *testing.T, n int) {
	t.Helper()
	for i := 1; i <= n; i++ {
		h.Define(t, i)
	}
	h.Reload(t)
	h.AllRun(t, n)
}

// Apps asks the agent for every application.
func (h *Host) Apps(t *testing.T) ([]api.App, error) { return h.API().Apps(t.Context()) }

// App asks the agent for application n.
func (h *Host) App(t *testing.T, n int) api.App {
	t.Helper()
	apps, err := h.Apps(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range apps {
		if a.ID == ID(n) {
			return a
		}
	}
	t.Fatalf("%s is not in the list", Name(n))
	return api.App{}
}

// Reaches waits until application n is in a state, and returns it.
func (h *Host) Reaches(t *testing.T, n int, want api.State) (app api.App) {
	t.Helper()
	lab.Within(t, Patience, Name(n)+" is "+string(want), func() error {
		if app = h.App(t, n); app.State != want {
			return fmt.Errorf("it is %s: %s", app.State, app.Why)
		}
		return nil
	})
	return app
}

// AllRun waits until n applications run.
func (h *Host) AllRun(t *testing.T, n int) {
	t.Helper()
	lab.Within(t, Patience, fmt.Sprintf("%d applications run", n), func() error {
		apps, err := h.Apps(t)
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
			return fmt.Errorf("%d do, of %d that are known", running, len(apps))
		}
		return nil
	})
}

// Identities are the units that run, with what changes when one is restarted.
func (h *Host) Identities(t *testing.T) string {
	t.Helper()
	return h.Identity(t, h.Units(t, "*")...)
}
