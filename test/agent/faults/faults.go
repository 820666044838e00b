package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// Worker is TOML of a process beside web.
const Worker = "[processes.worker]\nexec = [\"sleep\", \"infinity\"]"

// Replace replaces application 1, which is defined, count times under load: no request
// may fail, and in the end there are as many units, of another revision.
func (h *Host) Replace(t *testing.T, count, rate int) {
	t.Helper()
	h.Reload(t)
	h.AllRun(t, 1)
	before, parts := h.App(t, 1).Unit, len(h.Units(t, Name(1)))
	h.UnderLoad(t, URL(1), rate, func() {
		for range count {
			h.Must(t, "nexushub", "restart", Name(1))
		}
	})
	lab.Within(t, Patience, "what was replaced is gone", func() error { return h.units(t, parts) })
	if after := h.App(t, 1).Unit; after == before {
		t.Errorf("unit is still %s after %d replacements", after, count)
	}
}

// KillAgent kills the agent count times at random moments while applications of three units
// are replaced and reloaded: in the end everything runs once, and application 1, which
// nobody touched, is the same process with no request lost.
func (h *Host) KillAgent(t *testing.T, count, rate int) {
	t.Helper()
	const others = 5
	h.DefineAll(t, others)
	before := h.Identity(t, h.App(t, 1).Unit)
	h.UnderLoad(t, URL(1), rate, func() {
		for n := range count {
			h.Define(t, 2+n%(others-1), fmt.Sprintf("env = { ROUND = \"%d\" }", n), "replicas = 2", Worker)
			h.Sh(t, "systemctl kill -s HUP nexushubd || true")
			time.Sleep(rand.N(400 * time.Millisecond)) // the moment is the point
			h.Sh(t, "systemctl kill -s KILL nexushubd || true")
			lab.Within(t, Patience, "the agent answers", func() error { _, err := h.Apps(t); return err })
		}
	})
	h.AllRun(t, others)
	lab.Within(t, Patience, "everything runs once", func() error { return h.units(t, 1+3*(others-1)) })
	if after := h.Identity(t, h.App(t, 1).Unit); after != before {
		t.Errorf("the untouched application is %s, was %s", after, before)
	}
}

// Shake reloads systemd, lets it execute itself anew and restarts the bus under n
// applications: none is restarted, none gets lost, and the agent notices a crash that
// happens afterwards.
func (h *Host) Shake(t *testing.T, n, reloads, reexecs, buses int) {
	t.Helper()
	h.DefineAll(t, n)
	before := h.Identities(t)
	h.UnderLoad(t, URL(1), 100, func() {
		for range reloads {
			h.Must(t, "systemctl", "daemon-reload")
		}
		for range reexecs {
			h.Must(t, "systemctl", "daemon-reexec")
		}
		for range buses {
			h.Must(t, "systemctl", "restart", "dbus.service")
		}
		h.AllRun(t, n)
	})
	if after := h.Identities(t); after != before {
		t.Errorf("units changed:\n%s\nbefore:\n%s", after, before)
	}
	h.Sh(t, "systemctl kill -s KILL "+h.App(t, n).Unit)
	lab.Within(t, Patience, "the crash is seen", func() error {
		if app := h.App(t, n); !strings.Contains(app.LastExit, "9") {
			return fmt.Errorf("last exit is %q", app.LastExit)
		}
		return nil
	})
	h.AllRun(t, n)
}

// Replicas does to application 1, which runs four times beside a worker, what happens to
// applications: it is scaled to one and back, and replaced while every second one of its replicas is
// killed, as often as there are rounds. No request may fail, nothing runs twice, and in the end
// everything runs.
func (h *Host) Replicas(t *testing.T, rounds, kills, rate int) {
	t.Helper()
	scaled := func(web int) {
		h.Define(t, 1, fmt.Sprintf("replicas = %d", web), Worker)
		h.Reload(t)
		lab.Within(t, Patience, fmt.Sprintf("%d replicas get requests", web), func() error { return h.routed(t, web) })
		lab.Within(t, Patience, "nothing else is left", func() error { return h.units(t, web+1) })
	}
	scaled(4)
	h.UnderLoad(t, URL(1), rate, func() {
		for range rounds {
			scaled(1)
			scaled(4)
			h.killReplicas(t, kills)
		}
	})
	h.AllRun(t, 1)
	scaled(4)
}

// killReplicas kills each second one of the replicas that get requests, in turn, n in all, and replaces
// the application in the middle of it. It waits until all get requests again.
func (h *Host) killReplicas(t *testing.T, n int) {
	t.Helper()
	replaced := make(chan error, 1)
	for i := range n {
		if i == n/2 {
			go func() {
				_, err := h.Try(t, "nexushub", "restart", Name(1))
				replaced <- err
			}()
		}
		h.killOne(t, i)
		time.Sleep(time.Second) // the moment is the point
	}
	if err := <-replaced; err != nil {
		t.Errorf("it is not replaced: %v", err)
	}
	lab.Within(t, Patience, "all get requests", func() error { return h.routed(t, 4) })
}

// killOne kills one of the replicas that get requests, from the turn-th on the first that runs.
func (h *Host) killOne(t *testing.T, turn int) {
	t.Helper()
	targets, err := h.targets(t)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(targets)
	for i := range targets {
		unit := targets[(turn+i)%len(targets)]
		if _, err := h.TrySh(t, "pid=$(systemctl show -P MainPID "+unit+"); [ $pid != 0 ] && kill -KILL $pid"); err == nil {
			return // else it is dead already
		}
	}
	t.Errorf("none of %v runs", targets)
}

// routed says whether requests to application 1 are led to so many units.
func (h *Host) routed(t *testing.T, n int) error {
	t.Helper()
	targets, err := h.targets(t)
	if err == nil && len(targets) != n {
		err = fmt.Errorf("requests go to %v", targets)
	}
	return err
}

// targets are the units that requests to application 1 are led to.
func (h *Host) targets(t *testing.T) ([]string, error) {
	t.Helper()
	var got struct {
		Routes []struct {
			Name    string   `json:"name"`
			Target  string   `json:"target"`
			Targets []string `json:"targets"`
		} `json:"routes"`
	}
	out := h.Must(t, "curl", "-sS", "--unix-socket", "/run/nexushub/proxy.sock", "http://proxy/v1/status")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		return nil, err
	}
	for _, r := range got.Routes {
		if r.Name != Name(1) || r.Target == "" {
			continue
		}
		if len(r.Targets) == 0 {
			return []string{r.Target}, nil
		}
		return r.Targets, nil
	}
	return nil, fmt.Errorf("the routes are %s", out)
}

// units says whether PID 1 has exactly n units of applications, running or not.
func (h *Host) units(t *testing.T, n int) error {
	t.Helper()
	got := strings.Fields(h.Sh(t,
		"systemctl list-units --all --plain --no-legend 'nexushub-app-*.service' | cut -d' ' -f1"))
	if len(got) != n {
		return fmt.Errorf("%d units, want %d: %v", len(got), n, got)
	}
	return nil
}
