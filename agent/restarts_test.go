package agent

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// TestRestartsAreCountedWhoeverMadeThem: PID 1, the agent in back-off, the agent for its health, an
// operator by systemctl; over restarts of the agent, and until the revision ends.
func TestRestartsAreCountedWhoeverMadeThem(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 7} })
		h.start()
		want := 0
		check := func(what string) {
			t.Helper()
			if v := h.view(shop); v.Restarts != want {
				t.Errorf("%s: %d restarts of %s (%s), want %d", what, v.Restarts, v.Unit, v.State, want)
			}
		}
		check("the first start")
		h.pass(5 * time.Minute)
		want = count(h.units.Calls(), "Start") - 1 + 1 // PID 1 made the one after the first
		h.wantState(shop, api.StateBackingOff)
		check("a crash loop")
		h.play(nil)
		h.pass(time.Minute)
		want = h.wantState(shop, api.StateRunning).Restarts
		h.kill()
		h.start()
		check("another agent")
		unit := h.unitsOf(shop)[0].Unit
		h.kill()
		if err := h.units.Kill(t.Context(), unit, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		h.pass(10 * time.Second)
		h.start()
		want++
		check("PID 1, while no agent was there")
		if err := h.units.Restart(t.Context(), unit); err != nil { // as systemctl restart does
			t.Fatal(err)
		}
		h.settle()
		want++
		check("an operator's systemctl restart")
		h.pass(10 * time.Minute)
		check("PID 1's own count is reset, since it was healthy for so long")
		h.health.set("*", true)
		h.pass(10 * time.Minute)
		restarts := count(h.units.Calls(), "Restart") - 1
		h.health.set("*", false)
		h.pass(time.Minute)
		if v := h.wantState(shop, api.StateRunning); v.Restarts < want+2 || v.Restarts < want+restarts {
			t.Errorf("for its health: %d restarts, want %d and %d", v.Restarts, want, restarts)
		}
		if _, err := h.agent.RestartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		want = 0
		check("nexushub restart: a revision of its own")
	})
}

// TestRestartsOfWhatNeverGetsReady: PID 1 keeps nothing of a start that failed.
func TestRestartsOfWhatNeverGetsReady(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Health.Type = "notify" })
		h.play(func(units.Spec) fake.Program { return fake.Program{NotReady: true} })
		h.start()
		h.pass(10 * time.Minute)
		starts := count(h.units.Calls(), "Start")
		if v := h.view(shop); starts < 3 || v.Restarts < starts-2 || v.Restarts > starts-1 {
			t.Errorf("%d restarts after %d starts (%s: %s)", v.Restarts, starts, v.State, v.Why)
		}
	})
}

// TestRestartsNobodySaw are in the journal: PID 1's count began anew with an operator's restart.
func TestRestartsNobodySaw(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.journal = countedJournal{}
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		unit := h.unitsOf(shop)[0].Unit
		h.settle()
		h.kill()
		if err := h.units.Restart(t.Context(), unit); err != nil {
			t.Fatal(err)
		}
		if err := h.units.Kill(t.Context(), unit, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Minute)
		for range 2 {
			h.start()
			h.settle()
			if v := h.wantState(shop, api.StateRunning); v.Restarts != 2 {
				t.Errorf("%d restarts, want 2", v.Restarts)
			}
			h.kill()
		}
	})
}

// countedJournal knows of two starts.
type countedJournal struct{ fixedJournal }

func (countedJournal) Runs(context.Context, string, string, string) (int, bool, error) {
	return 2, true, nil
}
