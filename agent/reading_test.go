package agent

import (
	"testing"
	"time"

	"github.com/nexushub/nexushub/units"
)

func status(unit, invocation string) units.Status {
	return units.Status{Unit: unit, Instance: instanceA, LoadState: "loaded", ActiveState: "active", Invocation: invocation}
}

func TestEnterKeepsTheNewestReading(t *testing.T) {
	have := newTable()
	have.enter(newUnit, []units.Status{status(newUnit, "2")}, 5)
	have.enter(newUnit, []units.Status{status(newUnit, "1")}, 4)
	if u := have.units[newUnit]; u.Invocation != "2" {
		t.Errorf("invocation = %s, an older reading has won", u.Invocation)
	}
	have.enter(newUnit, nil, 6)
	have.enterAll([]units.Status{status(newUnit, "2")}, 5)
	if have.units[newUnit] != nil {
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
	have := newTable()
	for second := range int64(60) {
		have.enter(oldUnit, []units.Status{at(second)}, uint64(second))
	}
	if u := have.units[oldUnit]; !u.Overdue(time.Unix(10, 0)) {
		t.Errorf("it has until %s", u.DownBy())
	}
	next := at(90)
	next.Invocation = "2"
	have.enter(oldUnit, []units.Status{next}, 99)
	if u := have.units[oldUnit]; u.Overdue(time.Unix(91, 0)) {
		t.Errorf("another run has until %s, which was the end of the last", u.DownBy())
	}
}

func TestEnterAllDropsWhatIsNotListed(t *testing.T) {
	have := newTable()
	have.enter(oldUnit, []units.Status{status(oldUnit, "1")}, 1)
	have.enter(newUnit, []units.Status{status(newUnit, "1")}, 9)
	have.enterAll(nil, 5)
	if have.units[oldUnit] != nil || have.units[newUnit] == nil {
		t.Errorf("units = %v, want the one that was started after the list was asked for", have.units)
	}
	if n := len(have.byInstance[instanceA]); n != 1 {
		t.Errorf("%d units of the instance, want 1", n)
	}
}

func TestTaskHasTheLastWordAboutItsUnit(t *testing.T) {
	have := newTable()
	have.enter(newUnit, []units.Status{status(newUnit, "1")}, 1)
	have.inHand[newUnit] = true
	have.enter(newUnit, nil, 2)
	if have.units[newUnit] == nil {
		t.Error("a unit in hand was dropped")
	}
}

func TestTheOldOneMayGoWhileRequestsAreLedToTheNew(t *testing.T) {
	have := newTable()
	have.enter(oldUnit, []units.Status{status(oldUnit, "1")}, 1)
	have.served[instanceA], have.targets[instanceA] = oldUnit, newUnit
	have.enter(oldUnit, nil, 2)
	if have.targets[instanceA] != newUnit || have.served[instanceA] != "" {
		t.Errorf("targets %v, served %v; want the new target kept", have.targets, have.served)
	}
}
