package agent

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// withRelease gives an application of apps.d a release command.
func withRelease(a *config.App) { a.Manifest.Release = []string{"migrate"} }

// playRelease says how long the release command takes and how it ends, by the folder of the release.
func (h *host) playRelease(takes time.Duration, status map[string]int) {
	h.play(func(s units.Spec) fake.Program {
		if s.Exec[0] == "migrate" {
			return fake.Program{Takes: takes, Fails: status[s.Directory]}
		}
		return fake.Program{}
	})
}

// starts are the calls that start something, in their order: "run" is a release command.
func (h *host) starts() (list []string) {
	for _, c := range h.units.Calls() {
		switch verb, unit, _ := strings.Cut(c, " "); {
		case verb == "Begin" && strings.HasPrefix(unit, units.ReleasePrefix):
			list = append(list, "run")
		case verb == "Start":
			list = append(list, "start")
		}
	}
	return list
}

func (h *host) wantStarts(want string) {
	h.t.Helper()
	if got := strings.Join(h.starts(), " "); got != want {
		h.t.Errorf("started %q, want %q", got, want)
	}
}

// deploy brings another version of the package.
func (h *host) deployVersion(version string) {
	h.releases.deploy(version)
	h.agent.requestResolve()
	h.settle()
}

func TestReleaseCommandRunsBeforeTheRelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Minute, nil)
		h.start()
		if v := h.wantState(instanceA, api.StateStarting); !strings.Contains(v.Why, "its release command runs: migrate") {
			t.Errorf("why %q", v.Why)
		}
		h.wantStarts("run")
		select {
		case <-h.agent.Ready():
		default:
			t.Error("the start of the agent waits for a release command")
		}
		h.pass(2 * time.Minute)
		first := h.wantState(instanceA, api.StateRunning)
		h.wantStarts("run start")
		if left := h.onceUnits(); len(left) != 0 {
			t.Errorf("units are left: %v", left)
		}

		// The old release serves while the command of the new one runs.
		h.deployVersion("-2")
		h.pass(10 * time.Second)
		if v := h.wantState(instanceA, api.StateRunning); v.Revision != first.Revision ||
			!strings.Contains(v.Why, "its release command runs") {
			t.Errorf("revision %s, why %q", v.Revision, v.Why)
		}
		h.pass(2 * time.Minute)
		h.wantStarts("run start run start")

		// It does not run again for a restart, nor for a release that it ran for.
		if _, err := h.agent.RestartApp(t.Context(), instanceA); err != nil {
			t.Fatal(err)
		}
		h.settle()
		h.wantStarts("run start run start start")
		h.deployVersion("")
		h.pass(5 * time.Second)
		h.wantStarts("run start run start start start")
	})
}

func TestFailedReleaseCommandKeepsTheOldRelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Second, map[string]int{"/srv/a.test-2": 3})
		h.start()
		h.pass(5 * time.Second)
		first := h.wantState(instanceA, api.StateRunning)
		h.deployVersion("-2")
		h.pass(10 * time.Second)
		v := h.wantState(instanceA, api.StateRunning)
		if v.Revision != first.Revision || v.PID != first.PID {
			t.Errorf("serves revision %s as process %d, want %s as %d", v.Revision, v.PID, first.Revision, first.PID)
		}
		for _, want := range []string{"was given up", "its release command failed: exit status 3", "last words"} {
			if !strings.Contains(v.Error, want) {
				t.Errorf("error %q does not say %q", v.Error, want)
			}
		}
		h.wantStarts("run start run")
		if left := h.onceUnits(); len(left) != 0 {
			t.Errorf("units are left: %v", left)
		}
		h.deployVersion("-3") // a release whose command succeeds
		h.pass(10 * time.Second)
		h.wantStarts("run start run run start")
		if v := h.wantState(instanceA, api.StateRunning); v.Error != "" || v.Revision == first.Revision {
			t.Errorf("revision %s, error %q", v.Revision, v.Error)
		}
	})
}

func TestFailedFirstReleaseCommandIsNotRepeated(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Second, map[string]int{"/srv/a.test": 3})
		h.start()
		h.pass(time.Hour)
		v := h.wantState(instanceA, api.StateFailed)
		if !strings.Contains(v.Error, "its release command failed: exit status 3") || !strings.Contains(v.Error, "last words") ||
			!strings.Contains(v.Why, "it is tried again by nexushub start a-test") {
			t.Errorf("why %q, error %q", v.Why, v.Error)
		}
		h.kill()
		h.start()
		h.pass(time.Hour)
		h.wantStarts("run")
		if _, err := h.agent.StartApp(t.Context(), instanceA); !errors.Is(err, api.Failed) {
			t.Errorf("a start whose command fails again: %v", err)
		}
		h.wantStarts("run run")
		h.playRelease(time.Second, nil)
		if _, err := h.agent.StartApp(t.Context(), instanceA); err != nil {
			t.Error(err)
		}
		h.wantStarts("run run run start")
	})
}

// TestReleaseCommandOverAKill: whenever the agent dies, the command runs once, and what came of it is
// known to the next one.
func TestReleaseCommandOverAKill(t *testing.T) {
	for _, status := range []int{0, 3} {
		for _, after := range []time.Duration{10 * time.Millisecond, time.Second, 20 * time.Second, time.Minute} {
			onHost(t, func(t *testing.T, h *host) {
				h.app(instanceA, "a.test", withRelease)
				h.playRelease(10*time.Second, map[string]int{"/srv/a.test": status})
				h.start()
				h.pass(after)
				h.kill()
				h.pass(time.Minute)
				h.start()
				h.pass(time.Minute)
				want, state := "run start", api.StateRunning
				if status != 0 {
					want, state = "run", api.StateFailed
				}
				h.wantState(instanceA, state)
				h.wantStarts(want)
			})
		}
	}
}

func TestReleaseCommandsWaitForEachOther(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(10*time.Minute, nil)
		h.start()
		h.pass(time.Minute)
		h.deployVersion("-2")
		h.pass(time.Minute)
		if v := h.view(instanceA); !strings.Contains(v.Why, "waits for the release command of another revision") {
			t.Errorf("why %q", v.Why)
		}
		h.wantStarts("run")
		h.pass(10 * time.Minute)
		h.wantStarts("run run")
		h.pass(11 * time.Minute)
		h.wantStarts("run run start")
		h.wantState(instanceA, api.StateRunning)
	})
}

func TestStopEndsAReleaseCommand(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Hour, nil)
		h.start()
		h.pass(time.Minute)
		if _, err := h.agent.StopApp(t.Context(), instanceA); err != nil {
			t.Fatal(err)
		}
		if left := h.onceUnits(); len(left) != 0 {
			t.Errorf("units are left: %v", left)
		}
		h.playRelease(time.Second, nil)
		if _, err := h.agent.StartApp(t.Context(), instanceA); err != nil {
			t.Error(err)
		}
		h.wantStarts("run run start")
	})
}

func TestReleaseCommandThatCannotRun(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.play(func(s units.Spec) fake.Program { return fake.Program{Missing: s.Exec[0] == "migrate"} })
		h.start()
		h.pass(time.Minute)
		if v := h.wantState(instanceA, api.StateFailed); !strings.Contains(v.Why, "its release command cannot run") {
			t.Errorf("why %q", v.Why)
		}
		if starts := h.starts(); slices.Contains(starts, "start") || len(starts) > 1 {
			t.Errorf("started %v", starts)
		}
	})
}

// TestReleaseCommandIsKnownToHaveRun: what runs of a release tells, where the state is lost.
func TestReleaseCommandIsKnownToHaveRun(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Second, nil)
		h.start()
		h.pass(time.Minute)
		h.kill()
		h.wipe()
		h.start()
		h.pass(time.Minute)
		h.wantState(instanceA, api.StateRunning)
		h.wantStarts("run start")
		if _, err := h.agent.RestartApp(t.Context(), instanceA); err != nil {
			t.Error(err)
		}
		h.wantStarts("run start start")
	})
}

// TestReleaseCommandOfASupersededRelease: that it has succeeded is remembered, for when its release is
// wanted again.
func TestReleaseCommandOfASupersededRelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withRelease)
		h.playRelease(time.Minute, nil)
		h.start()
		h.pass(2 * time.Minute)
		h.deployVersion("-v2")
		h.deployVersion("-v3")
		h.wantStarts("run start run") // it is left to end
		h.pass(3 * time.Minute)
		h.wantStarts("run start run run start")
		h.deployVersion("-v2")
		h.pass(3 * time.Minute)
		h.wantStarts("run start run run start start")
		if v := h.wantState(instanceA, api.StateRunning); !strings.Contains(v.Release, "-v2") {
			t.Errorf("release %s serves", v.Release)
		}
	})
}
