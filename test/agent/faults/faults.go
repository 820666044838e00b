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
// applications: it is scaled to one and back, one replica after the other is killed, a second apart,
// and it is replaced, as often as there are rounds. No request may fail, nothing runs twice, and
// in the end everything runs.
func (h *Host) Replicas(t *testing.T, rounds, rate int) {
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
			h.killReplicas(t, 4)
			h.Must(t, "nexushub", "restart", Name(1))
		}
	})
	h.AllRun(t, 1)
	scaled(4)
}

// killReplicas kills all replicas that get requests, one each second: PID 1 has brought back the one
// before the last by then. It waits until all get requests again.
func (h *Host) killReplicas(t *testing.T, n int) {
	t.Helper()
	isWorker := func(unit string) bool { return strings.Contains(unit, "-worker-") }
	units := slices.DeleteFunc(h.Units(t, Name(1)), isWorker)
	before := h.Identity(t, units...)
	for _, unit := range units {
		h.Must(t, "systemctl", "kill", "-s", "KILL", unit)
		time.Sleep(time.Second) // the moment is the point
	}
	lab.Within(t, Patience, "all are other runs and get requests", func() error {
		after := h.Identity(t, units...)
		for line := range strings.Lines(before) {
			if strings.Contains(after, strings.TrimSpace(line)) {
				return fmt.Errorf("still there is %s", line)
			}
		}
		return h.routed(t, n)
	})
}

// routed says whether requests to application 1 are led to so many units.
func (h *Host) routed(t *testing.T, n int) error {
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
		return err
	}
	for _, r := range got.Routes {
		if r.Name == Name(1) && max(len(r.Targets), 1) == n && r.Target != "" {
			return nil
		}
	}
	return fmt.Errorf("the routes are %s", out)
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
