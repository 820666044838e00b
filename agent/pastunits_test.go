package agent

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// TestPastUnitsBelongToTheirInstance: the log of an application has what PID 1 said about its
// past revisions, also after a restart of the agent and once it is removed; and never has that of
// the one before it that had the same name.
func TestPastUnitsBelongToTheirInstance(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test")
		h.start()
		first := h.wantState(instanceA, api.StateRunning).Unit
		if _, err := h.agent.RestartApp(t.Context(), instanceA); err != nil {
			t.Fatal(err)
		}
		second := h.wantState(instanceA, api.StateRunning).Unit
		h.settle()
		h.kill()
		h.config.Apps = []config.App{{InstanceID: shop, HostName: "a.test", AppID: "a", Package: "/srv/a.test"}}
		h.start()
		h.pass(resyncEvery)
		third := h.wantState(shop, api.StateRunning).Unit
		for id, want := range map[string][]string{instanceA: {first, second}, shop: {third}} {
			if got := h.agent.UnitsOf(id); !slices.Equal(got, want) {
				t.Errorf("units of %s: %v, want %v", id, got, want)
			}
		}
		for unit, want := range map[string]string{
			first: instanceA, second: instanceA, third: shop, "nexushub-app-x.service": "",
		} {
			if got, ok := h.agent.Owner(unit); got != want || ok != (want != "") {
				t.Errorf("owner of %s: %q, %t; want %q", unit, got, ok, want)
			}
		}
	})
}

// TestUnitBelongsBeforeItStarts: PID 1 speaks of a unit before its start is over.
func TestUnitBelongsBeforeItStarts(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", func(a *config.App) { a.Manifest.Health.Type = "notify" })
		h.play(func(units.Spec) fake.Program { return fake.Program{NotReady: true} })
		h.start()
		if list := h.agent.UnitsOf(instanceA); len(list) != 1 || h.agent.observed.unit(list[0]) != nil {
			t.Errorf("units %v, want one that nobody has seen yet", list)
		}
	})
}

func TestPastUnitsAreBounded(t *testing.T) {
	b, now := newPastUnits(nil), time.Unix(0, 0)
	for n := range maxPastUnits + 1 {
		b.add(fmt.Sprint("unit", n), "a", now)
	}
	if got := b.unitsOf("a"); len(got) != maxPastUnits || got[0] != "unit1" || b.owners["unit0"] != "" {
		t.Errorf("%d units from %s on, want the newest %d", len(got), got[0], maxPastUnits)
	}
	for n := range maxInstances {
		b.add(fmt.Sprint("other", n), fmt.Sprint("id", n), now.Add(time.Second))
	}
	if len(b.instances) != maxInstances || b.unitsOf("a") != nil || b.owners["unit1"] != "" {
		t.Errorf("%d instances, want %d without the oldest", len(b.instances), maxInstances)
	}
	if len(b.owners) != maxInstances {
		t.Errorf("%d units, want one for each instance", len(b.owners))
	}
}

// TestPastUnitsAreFoundAgain in the journal, when the state is lost or an older NexusHub wrote it.
func TestPastUnitsAreFoundAgain(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test")
		h.start()
		now := h.wantState(instanceA, api.StateRunning).Unit
		h.kill()
		h.wipe()
		h.journal = rememberingJournal{said: []string{now, newUnit, oldUnit}}
		for range 2 {
			h.start()
			h.settle()
			if got := h.agent.UnitsOf(instanceA); !slices.Equal(got, []string{oldUnit, newUnit, now}) {
				t.Errorf("units %v, want also those that the journal knows of", got)
			}
			h.kill()
			h.journal = fixedJournal{}
		}
	})
}

// rememberingJournal knows units of one instance, the latest first.
type rememberingJournal struct {
	fixedJournal
	said []string
}

func (j rememberingJournal) Owners(_ context.Context, tell func(unit, instance string, at time.Time)) error {
	for _, unit := range j.said {
		tell(unit, instanceA, time.Unix(1, 0))
	}
	return nil
}
