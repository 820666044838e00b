package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/admin"
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
)

// An application that is kept changes its kind as it runs, also for an agent that finds it so.
func TestKeptApplicationRunsOn(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Deployed().Restored()
		h.agent.Debug().Restored()
		in := plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "one", InstalledBy: audience.Root}
		h.agent.Debug().Put(in)
		h.settle()
		before := h.unitsOf(shopID)[0]
		in.UnitKind = plan.KindDebug
		h.agent.Deployed().Put(in)
		h.pass(time.Minute)
		h.kill()
		h.start()
		h.agent.Debug().Restored() // whoever is first
		h.pass(time.Minute)
		h.agent.Deployed().Put(in)
		h.agent.Deployed().Restored()
		h.pass(time.Minute)
		v := h.wantState(shopID, api.StateRunning)
		if now := h.unitsOf(shopID); v.Kind != plan.KindDeployed || len(now) != 1 || now[0].Unit != before.Unit ||
			now[0].Invocation != before.Invocation {
			t.Errorf("%s of kind %s runs in %+v; it was %+v", v.Name, v.Kind, now, before)
		}
	})
}

// What is read from the journal is that of all kinds.
func TestJournalKnowsEveryKind(t *testing.T) {
	if !slices.Equal(journal.Kinds, plan.Kinds) {
		t.Errorf("journal reads those of %q, there are %q", journal.Kinds, plan.Kinds)
	}
}

// Deployed applications run although nothing says that they should, until somebody removes them.
func TestDeployedOutlivesItsRegistry(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Deployed().Put(plan.Instance{ID: shopID, HostName: "shop.x", AppID: "shop", Release: "one"})
		h.settle()
		h.kill()
		h.start()
		h.agent.Deployed().Restored()
		h.agent.Debug().Restored()
		h.pass(time.Minute)
		h.wantState(shopID, api.StateRunning)
		if err := h.agent.Debug().Remove(t.Context(), shopID); err == nil {
			t.Error("the debug API has removed it")
		}
		if err := h.agent.Deployed().Remove(t.Context(), shopID); err != nil || len(h.unitsOf(shopID)) != 0 {
			t.Errorf("removed: %v; left %+v", err, h.unitsOf(shopID))
		}
	})
}

// The release of a deployed application is for no other, even one that the admin service lists
// under its name or at its host.
func TestDeployedGivesNoRelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.start()
		h.agent.Deployed().Put(plan.Instance{ID: shopID, HostName: "shop.x", AppID: "shop", Release: "one"})
		h.settle()
		h.agent.onDynamicList(admin.List{Applications: []admin.Application{
			{InstanceID: otherID, AppID: "shop", HostName: "shop.x"}}}, 10)
		h.settle()
		h.wantState(shopID, api.StateRunning)
		if v := h.wantState(otherID, api.StateFailed); v.Release != "" {
			t.Errorf("it has %s", v.Release)
		}
		if r, _ := h.proxy.route(shopID); r.Target == nil || len(r.Hosts) != 1 {
			t.Errorf("the host leads to %+v", r)
		}
	})
}
