package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

func status(unit, invocation string) units.Status {
	return units.Status{Unit: unit, Instance: instanceA, LoadState: "loaded", ActiveState: "active",
		Invocation: invocation}
}

func TestEnterKeepsTheNewestReading(t *testing.T) {
	observed := newObservedState()
	observed.enter(newUnit, []units.Status{status(newUnit, "2")}, 5)
	observed.enter(newUnit, []units.Status{status(newUnit, "1")}, 4)
	if u := observed.unit(newUnit); u.Invocation != "2" {
		t.Errorf("invocation = %s, an older reading has won", u.Invocation)
	}
	observed.enter(newUnit, nil, 6)
	observed.enterAll([]units.Status{status(newUnit, "2")}, 5)
	if observed.unit(newUnit) != nil {
		t.Error("a list asked for earlier brought a unit back that is gone")
	}
}

// PID 1 counts the state anew each time that the application reports a failed watchdog.
func TestGracePeriodDoesNotBeginAnew(t *testing.T) {
	at := func(second int64) units.Status {
		s := status(oldUnit, "1")
		s.ActiveState, s.StopTimeout, s.Since = "deactivating", time.Second, time.Unix(second, 0)
		return s
	}
	observed := newObservedState()
	for second := range int64(60) {
		observed.enter(oldUnit, []units.Status{at(second)}, uint64(second))
	}
	if u := observed.unit(oldUnit); !u.Overdue(time.Unix(10, 0)) {
		t.Errorf("it has until %s", u.DownBy())
	}
	next := at(90)
	next.Invocation = "2"
	observed.enter(oldUnit, []units.Status{next}, 99)
	if u := observed.unit(oldUnit); u.Overdue(time.Unix(91, 0)) {
		t.Errorf("another run has until %s, which was the end of the last", u.DownBy())
	}
}

func TestEnterAllDropsWhatIsNotListed(t *testing.T) {
	observed := newObservedState()
	observed.enter(oldUnit, []units.Status{status(oldUnit, "1")}, 1)
	observed.enter(newUnit, []units.Status{status(newUnit, "1")}, 9)
	observed.enterAll(nil, 5)
	if observed.unit(oldUnit) != nil || observed.unit(newUnit) == nil {
		t.Errorf("units = %v, want the one that was started after the list was asked for", observed.units)
	}
	if n := len(observed.known(instanceA).units); n != 1 {
		t.Errorf("%d units of the instance, want 1", n)
	}
}

// A record in use is kept: the query that is on its way must not be made twice, and the
// port of a unit that is about to start must not be given away.
func TestEnterAllKeepsRecordsInUse(t *testing.T) {
	observed := newObservedState()
	observed.record("tasked").tasked = true
	observed.record("asked").query.running = true
	observed.record("idle")
	observed.enterAll(nil, 1)
	for unit, want := range map[string]bool{"tasked": true, "asked": true, "idle": false} {
		if kept := observed.units[unit] != nil; kept != want {
			t.Errorf("record of the unit %s is kept: %t, want %t", unit, kept, want)
		}
	}
}

// What a task saw at its end is out of date if a signal came after it had looked.
func TestSignalAfterTheInspectionLeadsToAQuery(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test")
		h.start()
		h.kill()
		at := time.Now()
		for after, want := range map[time.Duration]bool{-time.Second: false, time.Second: true} {
			h.agent.observed.record(newUnit).signalled = at.Add(after)
			h.agent.enterInspection(result{
				task: plan.Task{Action: plan.Restart, Instance: instanceA, Unit: newUnit}, inspectedAt: at,
				status: status(newUnit, "1"),
			})
			if due := h.agent.observed.due[newUnit]; due != want {
				t.Errorf("a signal %s after the inspection leads to a query: %t, want %t", after, due, want)
			}
			clear(h.agent.observed.due)
		}
	})
}

func TestTaskHasTheLastWordAboutItsUnit(t *testing.T) {
	observed := newObservedState()
	observed.enter(newUnit, []units.Status{status(newUnit, "1")}, 1)
	observed.record(newUnit).changing = true
	observed.enter(newUnit, nil, 2)
	if observed.unit(newUnit) == nil {
		t.Error("a unit in hand was dropped")
	}
}

func TestTheOldOneMayGoWhileRequestsAreLedToTheNew(t *testing.T) {
	observed := newObservedState()
	observed.enter(oldUnit, []units.Status{status(oldUnit, "1")}, 1)
	i := observed.instance(instanceA)
	i.served, i.target = []string{oldUnit}, []string{newUnit}
	observed.enter(oldUnit, nil, 2)
	if !slices.Equal(i.target, []string{newUnit}) || len(i.served) > 0 {
		t.Errorf("target %s, served %q; want the new target kept", i.target, i.served)
	}
}
