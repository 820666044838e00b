package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Replace replaces application 1, which is defined, count times under load: no request
// may fail, and in the end there is one unit, not the first one.
func (h *Host) Replace(count, rate int) {
	h.T.Helper()
	h.Reload()
	h.AllRun(1)
	before := h.App(1).Unit
	h.UnderLoad(1, rate, func() {
		for range count {
			h.Must(h.T, "nexushub", "restart", Name(1))
		}
	})
	h.Eventually("one unit is left", func() error { return h.units(1) })
	if after := h.App(1).Unit; after == before {
		h.T.Errorf("unit is still %s after %d replacements", after, count)
	}
}

// KillAgent kills the agent count times at random moments while applications are
// replaced and reloaded: in the end everything runs once, and application 1, which
// nobody touched, is the same process with no request lost.
func (h *Host) KillAgent(count, rate int) {
	h.T.Helper()
	const others = 5
	h.DefineAll(others)
	before := h.identity(1)
	h.UnderLoad(1, rate, func() {
		for n := range count {
			h.Define(2+n%(others-1), fmt.Sprintf("env = { ROUND = \"%d\" }", n))
			h.Sh("systemctl kill -s HUP nexushubd || true")
			time.Sleep(rand.N(400 * time.Millisecond)) // the moment is the point
			h.Sh("systemctl kill -s KILL nexushubd || true")
			h.Eventually("the agent answers", func() error { _, err := h.Apps(); return err })
		}
	})
	h.AllRun(others)
	h.Eventually("every application runs once", func() error { return h.units(others) })
	if after := h.identity(1); after != before {
		h.T.Errorf("the untouched application is %s, was %s", after, before)
	}
}

// Shake reloads systemd, lets it execute itself anew and restarts the bus under n
// applications: none is restarted, none gets lost, and the agent notices a crash that
// happens afterwards.
func (h *Host) Shake(n, reloads, reexecs, buses int) {
	h.T.Helper()
	h.DefineAll(n)
	before := h.Identities()
	h.UnderLoad(1, 100, func() {
		for range reloads {
			h.Must(h.T, "systemctl", "daemon-reload")
		}
		for range reexecs {
			h.Must(h.T, "systemctl", "daemon-reexec")
		}
		for range buses {
			h.Must(h.T, "systemctl", "restart", "dbus.service")
		}
		h.AllRun(n)
	})
	if after := h.Identities(); after != before {
		h.T.Errorf("units changed:\n%s\nbefore:\n%s", after, before)
	}
	h.Sh("systemctl kill -s KILL " + h.App(n).Unit)
	h.Eventually("the crash is seen", func() error {
		if app := h.App(n); !strings.Contains(app.LastExit, "9") {
			return fmt.Errorf("last exit is %q", app.LastExit)
		}
		return nil
	})
	h.AllRun(n)
}

// units says whether PID 1 runs exactly n units of applications.
func (h *Host) units(n int) error {
	got := strings.Fields(h.Sh("systemctl list-units --all --plain --no-legend 'nexushub-app-*.service' | cut -d' ' -f1"))
	if len(got) != n {
		return fmt.Errorf("%d units, want %d: %v", len(got), n, got)
	}
	return nil
}

func (h *Host) identity(n int) string {
	h.T.Helper()
	return h.Must(h.T, "systemctl", "show", "-p", "Id", "-p", "MainPID", "-p", "InvocationID", h.App(n).Unit)
}
