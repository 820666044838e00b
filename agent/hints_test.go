package agent

import (
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/hint"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// hintNames are those that an application gets.
func (h *host) hintNames(id string) (names []string) {
	h.t.Helper()
	for _, s := range h.view(id).Hints {
		names = append(names, s.Name)
	}
	return names
}

func (h *host) wantHint(id, want string) {
	h.t.Helper()
	if got := append(h.hintNames(id), "")[0]; got != want {
		v := h.view(id)
		h.t.Errorf("%s is %s (%s): hint %q, want %q", v.Name, v.State, v.Why, got, want)
	}
}

// An application that does not come up gets the hint that fits, one that does gets none, and
// neither does one that an operator stopped.
func TestHintsOfAnApplication(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.app(blog, "blog.yesterday.localhost", func(a *config.App) { a.Manifest.ProxyAll = true })
		h.play(func(s units.Spec) fake.Program {
			if s.Instance == shop {
				return fake.Program{Missing: true}
			}
			return fake.Program{}
		})
		h.start()
		h.wantState(shop, api.StateBackingOff)
		h.wantHint(shop, "not-executed")
		h.wantState(blog, api.StateRunning)
		h.wantHint(blog, "")
		if _, err := h.agent.StopApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.wantHint(shop, "")
	})
}

// A revision that was given up leaves a hint beside the old one, which serves in good health.
func TestHintsOfARevisionThatWasGivenUp(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Manifest.ProxyAll = true })
		h.start()
		h.wantHint(shop, "")
		h.play(func(s units.Spec) fake.Program {
			return fake.Program{Fails: 137}
		})
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(10 * time.Second)
		h.wantState(shop, api.StateRunning)
		h.wantHint(shop, "out-of-memory")
		h.kill()
		h.start()
		h.wantHint(shop, "out-of-memory")
	})
}

// An unhealthy application gets a hint once that has lasted, and none when it is well again.
func TestHintsOfHealth(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Manifest.ProxyAll = true })
		h.health.set("*", true)
		h.start()
		h.pass(20 * time.Second)
		h.wantState(shop, api.StateStarting)
		h.wantHint(shop, "")
		h.pass(45 * time.Second)
		h.wantHint(shop, "health-error")
		h.health.set("*", false)
		h.pass(30 * time.Second)
		h.wantState(shop, api.StateRunning)
		h.wantHint(shop, "")
	})
}

// What the agent knows of an exit is what the table is asked with.
func TestExitsAsHintsKnowThem(t *testing.T) {
	for _, c := range []struct {
		exit units.Exit
		want hint.Exit
	}{
		{units.Exit{}, hint.Exit{}},
		{units.Exit{Code: units.CodeExited, Result: "success"}, hint.Exit{Exited: true}},
		{units.Exit{Code: units.CodeExited, Status: 127, Result: "exit-code"}, hint.Exit{Exited: true, Status: 127}},
		{units.Exit{Code: units.CodeKilled, Status: int(syscall.SIGTRAP), Result: "signal"}, hint.Exit{Signal: 5}},
		{units.Exit{Code: units.CodeDumped, Status: int(syscall.SIGSEGV), Result: "core-dump"}, hint.Exit{Signal: 11}},
		{units.Exit{Code: units.CodeKilled, Status: int(syscall.SIGKILL), Result: "oom-kill"}, hint.Exit{Signal: 9, OutOfMemory: true}},
		{units.Exit{Code: units.CodeKilled, Status: int(syscall.SIGKILL), Result: "timeout"}, hint.Exit{Signal: 9, Timeout: true}},
	} {
		if got := exitOf(c.exit); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.exit, got, c.want)
		}
	}
}

// The last lines of the run that failed count, also where there is no good revision to fall back to.
func TestHintsOfTheLastLines(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.journal = &spokenJournal{lines: []string{"sqlite3.OperationalError: unable to open database file"}}
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 1} })
		h.start()
		h.wantState(shop, api.StateBackingOff)
		h.wantHint(shop, "sqlite")
	})
}

// Hints are remembered only as long as what they were drawn from.
func TestHintsFollowTheirFacts(t *testing.T) {
	var h hints
	first := hint.Facts{Failure: "exit status 0", Exit: hint.Exit{Exited: true}}
	for range 2 {
		if got := h.of(shop, &first); len(got) != 1 || got[0].Name != "ended" {
			t.Errorf("got %v", got)
		}
	}
	second := hint.Facts{Failure: "exit status 1", Exit: hint.Exit{Exited: true, Status: 1}, Lines: []string{"EADDRINUSE"}}
	if got := h.of(shop, &second); len(got) != 1 || got[0].Name != "port-in-use" {
		t.Errorf("got %v", got)
	}
	for n := range 2 * maxDrawn {
		h.of(string(rune(n)), &first)
	}
	if len(h.drawn) > maxDrawn {
		t.Errorf("%d are remembered", len(h.drawn))
	}
}
