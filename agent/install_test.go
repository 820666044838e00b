package agent

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const debugID = "0f8fad5b-d9cb-469f-a165-70867728950e"

func install(t *testing.T, h *host, in plan.Instance, again bool) (api.App, error) {
	h.agent.Debug().Put(in)
	return h.agent.Debug().Launch(t.Context(), in.ID, again)
}

func TestLaunchReplacesEvenAnEqualRevision(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		in := plan.Instance{ID: debugID, HostName: "x.debug", AppID: "x", Release: "r1"}
		first, err := install(t, h, in, false)
		if err != nil || first.State != api.StateRunning || first.Kind != plan.KindDebug {
			t.Fatalf("got %+v, %v", first, err)
		}
		again, err := install(t, h, in, true)
		if err != nil || again.Unit == first.Unit || again.State != api.StateRunning {
			t.Errorf("equal release: got %+v, %v", again, err)
		}
		if _, err := h.agent.StopApp(t.Context(), debugID); err != nil {
			t.Fatal(err)
		}
		in.Release = "r2"
		if v, err := install(t, h, in, false); err != nil || v.State != api.StateRunning {
			t.Errorf("after a stop: got %+v, %v", v, err)
		}
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 3} })
		in.Release = "r3"
		if _, err := install(t, h, in, false); !errors.Is(err, api.Failed) || !strings.Contains(err.Error(), "given up") {
			t.Errorf("got %v, want api.Failed", err)
		}
		h.play(nil)
		if v, err := install(t, h, in, true); err != nil || v.State != api.StateRunning {
			t.Errorf("the same release again: got %+v, %v", v, err)
		}
	})
}

// A start that is in hand has no unit that the agent knows of yet, and makes a folder.
func TestRemoveWaitsForAStartInHand(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Debug().Restored()
		h.play(func(units.Spec) fake.Program { return fake.Program{NotReady: true} })
		h.agent.Debug().Put(plan.Instance{
			ID: debugID, HostName: "x.debug", AppID: "x", Release: "r1",
			Manifest: manifest.Manifest{Health: manifest.Health{Type: "notify"}},
		})
		h.settle()
		if len(h.unitsOf(debugID)) != 1 {
			t.Fatal("the start is not in hand")
		}
		if err := h.agent.Debug().Remove(t.Context(), debugID); err != nil {
			t.Fatal(err)
		}
		if left := h.unitsOf(debugID); len(left) != 0 {
			t.Errorf("it has not ended: %s is %s", left[0].Unit, left[0].ActiveState)
		}
	})
}

func TestRemoveWaitsForTheEnd(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Debug().Restored()
		v, err := install(t, h, plan.Instance{ID: debugID, HostName: "x.debug", AppID: "x", Release: "r1"}, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.agent.Debug().Remove(t.Context(), debugID); err != nil {
			t.Fatal(err)
		}
		if s, err := h.units.Get(t.Context(), v.Unit); err == nil && s.ActiveState == "active" {
			t.Errorf("unit is %s", s.ActiveState)
		}
		if _, err := h.agent.App(debugID); !errors.Is(err, api.NotFound) {
			t.Errorf("got %v, want NotFound", err)
		}
	})
}

// What is deleted leaves no secret behind, on disk or in a backup of it; who replaced it
// keeps its own.
func TestDeletedApplicationLeavesNoSecret(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.secret(shopID, "PASSWORD")
		p := h.agent.Debug()
		p.Restored()
		if err := p.Inherit(shopID, otherID); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(p.Remove(t.Context(), shopID), p.Disinherit(shopID)); err != nil {
			t.Fatal(err)
		}
		left, err := filepath.Glob(filepath.Join(h.dir, "secrets", "*"))
		if err != nil || len(left) != 1 || filepath.Base(left[0]) != otherID {
			t.Errorf("left of the secrets: %q, %v; want those of %s", left, err, otherID)
		}
		if list, err := h.agent.Secrets(otherID); err != nil || len(list) != 1 {
			t.Errorf("the heir has %+v, %v", list, err)
		}
	})
}
