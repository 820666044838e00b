package agent

import (
	"errors"
	"testing"

	"github.com/nexushub/nexushub/api"
)

// TestLeftoverIsListed: what nobody wants any more is shown until it is gone.
func TestLeftoverIsListed(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test")
		h.start()
		h.wantState(instanceA, api.StateRunning)
		h.units.Fail("Stop", errors.New("it refuses"))
		h.config.Apps = nil
		h.agent.Reload(h.config, 8443)
		h.settle()
		v := h.wantState(instanceA, api.StateStopping)
		if list := h.agent.Apps(); len(list) != 1 || list[0].ID != instanceA || list[0].PID == 0 {
			t.Errorf("list: %+v", list)
		}
		if byName, err := h.agent.App(v.Name); err != nil || byName.ID != instanceA {
			t.Errorf("by its name: %+v, %v", byName, err)
		}
		h.units.Fail("Stop", nil)
		h.pass(resyncEvery)
		if list := h.agent.Apps(); len(list) != 0 {
			t.Errorf("gone, and listed: %+v", list)
		}
	})
}
