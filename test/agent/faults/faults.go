package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// Replace replaces application 1, which is defined, count times under load: no request
// may fail, and in the end there is one unit, not the first one.
func (h *Host) Replace(t *testing.T, count, rate int) {
	t.Helper()
	h.Reload(t)
	h.AllRun(t, 1)
	before := h.App(t, 1).Unit
	h.UnderLoad(t, URL(1), rate, func() {
		for range count {
			h.Must(t, "nexushub", "restart", Name(1))
		}
	})
	lab.Within(t, Patience, "one unit is left", func() error { return h.units(t, 1) })
	if after := h.App(t, 1).Unit; after == before {
		t.Errorf("unit is still %s after %d replacements", after, count)
	}
}

// KillAgent kills the agent count times at random moments while applications are
// replaced and reloaded: in the end everything runs once, and application 1, which
// nobody touched, is the same process with no request lost.
func (h *Host) KillAgent(t *testing.T, count, rate int) {
	t.Helper()
	const others = 5
	h.DefineAll(t, others)
	before := h.Identity(t, h.App(t, 1).Unit)
	h.UnderLoad(t, URL(1), rate, func() {
		for n := range count {
			h.Define(t, 2+n%(others-1), fmt.Sprintf("env = { ROUND = \"%d\" }", n))
			h.Sh(t, "systemctl kill -s HUP nexushubd || true")
			time.Sleep(rand.N(400 * time.Millisecond)) // the moment is the point
			h.Sh(t, "systemctl kill -s KILL nexushubd || true")
			lab.Within(t, Patience, "the agent answers", func() error { _, err := h.Apps(t); return err })
		}
	})
	h.AllRun(t, others)
	lab.Within(t, Patience, "every application runs once", func() error { return h.units(t, others) })
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
