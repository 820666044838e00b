package agent

import (
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
)

// TestSinceOutlivesTheAgent: a new agent is no reason for an application to be in its state only since.
func TestSinceOutlivesTheAgent(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.app(blog, "blog.yesterday.localhost")
		h.start()
		if _, err := h.agent.StopApp(t.Context(), blog); err != nil {
			t.Fatal(err)
		}
		want := map[string]time.Time{}
		note := func() {
			h.pass(time.Minute)
			for _, v := range h.agent.Apps() {
				want[v.ID] = v.Since
			}
		}
		again := func(what string) {
			t.Helper()
			h.kill()
			h.pass(time.Hour)
			h.start()
			h.settle()
			h.proxy.setAway(false)
			h.pass(10 * time.Second)
			for id, state := range map[string]api.State{shop: api.StateRunning, blog: api.StateStopped} {
				if v := h.wantState(id, state); !v.Since.Equal(want[id]) {
					t.Errorf("%s: %s is %s since %s, want %s", what, v.Name, v.State, v.Since, want[id])
				}
			}
		}
		note()
		again("another agent")
		again("and another")
		if _, err := h.agent.RestartApp(t.Context(), shop); err != nil { // without a gap
			t.Fatal(err)
		}
		note()
		again("after a replacement")
		h.proxy.setAway(true)
		again("while the proxy was away")

		h.kill()
		h.pass(time.Hour)
		if err := h.units.Kill(t.Context(), h.unitsOf(shop)[0].Unit, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Minute)
		want[shop] = h.unitsOf(shop)[0].ActiveAt
		h.start()
		if v := h.wantState(shop, api.StateRunning); !v.Since.Equal(want[shop]) {
			t.Errorf("it crashed while no agent was there: since %s, want %s", v.Since, want[shop])
		}
		h.kill()
		h.wipe()
		h.pass(time.Hour)
		h.start()
		if v := h.wantState(shop, api.StateRunning); !v.Since.Equal(want[shop]) {
			t.Errorf("the state is lost: since %s, want what PID 1 says, %s", v.Since, want[shop])
		}
		h.health.set("*", true)
		h.pass(time.Minute)
		sick := time.Now()
		h.health.set("*", false)
		h.pass(time.Minute)
		if v := h.wantState(shop, api.StateRunning); v.Since.Before(sick) {
			t.Errorf("it was unhealthy until %s, and runs since %s", sick, v.Since)
		}
	})
}
