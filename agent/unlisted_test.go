package agent

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

// TestLeftoverIsListed: what nobody wants any more is shown until it is gone.
func TestLeftoverIsListed(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test")
		h.start()
		h.wantState(instanceA, api.StateRunning)
		h.units.Fail("Stop", errors.New("it refuses"))
		h.config.Apps = nil
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
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

// TestRemovalThatWasCutOffLeavesNoSecret: an agent that is killed while what nobody wants
// any more ends leaves the rest to the next, be the unit there still or not.
func TestRemovalThatWasCutOffLeavesNoSecret(t *testing.T) {
	for name, ends := range map[string]bool{"it runs still": false, "it has ended meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			onHost(t, func(t *testing.T, h *host) {
				h.app(instanceA, "a.test")
				h.app(shop, "b.test")
				h.start()
				gone := h.wantState(instanceA, api.StateRunning)
				h.kill()
				h.config.Apps = h.config.Apps[1:]
				if ends {
					if err := h.units.Stop(t.Context(), gone.Unit); err != nil {
						t.Fatal(err)
					}
				}
				h.start()
				h.pass(resyncEvery)
				for id, want := range map[string]bool{instanceA: false, shop: true} {
					_, err := os.Stat(filepath.Join(h.config.RunDir, "env", id+".env"))
					if there := err == nil; there != want {
						t.Errorf("environment file of %s is there: %t, want %t", id, there, want)
					}
					if known := h.remembers(id); known != want {
						t.Errorf("%s is remembered: %t, want %t", id, known, want)
					}
				}
			})
		})
	}
}

// TestNothingIsForgottenBeforeTheAdminServiceHasSpoken: what is remembered of an instance
// may be wanted still, as long as the list is not there that would say so.
func TestNothingIsForgottenBeforeTheAdminServiceHasSpoken(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.app(instanceA, "a.test")
		h.start()
		unit := h.wantState(instanceA, api.StateRunning).Unit
		h.kill()
		h.config.Apps = nil
		if err := h.units.Stop(t.Context(), unit); err != nil {
			t.Fatal(err)
		}
		h.start()
		h.pass(resyncEvery)
		h.kill()
		if !h.remembers(instanceA) {
			t.Error("it was forgotten")
		}
	})
}

// TestForgottenInstanceIsServedStill: the unit that requests are led to is not stopped
// before they are led elsewhere.
func TestForgottenInstanceIsServedStill(t *testing.T) {
	a := &Agent{observed: newObservedState(), changes: events.New(time.Now())}
	a.observed.enter(oldUnit, []units.Status{status(oldUnit, "1")}, 1)
	a.observed.instance(instanceA).served = []string{oldUnit}
	a.observed.failures(instanceA)
	a.forgetUnlisted(nil)
	if i := a.observed.known(instanceA); i.failures != nil || len(i.units) != 1 {
		t.Errorf("kept %+v, want its unit", i)
	}
	tasks := plan.Make(nil, a.observed.current(nil, time.Now()), time.Now())
	if len(tasks) != 1 || tasks[0].Action != plan.Unroute || tasks[0].Unit != oldUnit {
		t.Errorf("tasks %+v, want to lead requests away from %s first", tasks, oldUnit)
	}
}

// remembers says whether the agent keeps anything of an instance on disk.
func (h *host) remembers(id string) bool {
	var all map[string]*plan.Memory
	if _, err := h.state.Load(instancesFile, &all); err != nil {
		h.t.Fatal(err)
	}
	return all[id] != nil
}
