package plan

import (
	"fmt"
	"testing"

	"github.com/nexushub/nexushub/units"
)

// renewing is a host of n applications whose units are of an older sandbox.
func renewing(n int) (list []Desired, c Current) {
	c = Current{Apps: map[string]Observed{}}
	for i := range n {
		d := wantNew()
		d.ID, d.Unit = fmt.Sprint(i), fmt.Sprintf("nexushub-app-%d-new.service", i)
		d.Spec.Sandbox = units.SandboxVersion
		list = append(list, alone(d))
		old := aUnit(fmt.Sprintf("nexushub-app-%d-old.service", i), "active")
		c.Apps[d.ID] = Observed{Units: []*Unit{old}, Served: in(old.Unit)}
	}
	return list, c
}

func starts(tasks []Task) (n int) {
	for _, t := range tasks {
		if t.Action == Start {
			n++
		}
	}
	return n
}

// TestRenewals: a new sandbox reaches what runs a few at a time.
func TestRenewals(t *testing.T) {
	list, c := renewing(10)
	if n := starts(plan(list, c, noon)); n != renewAtOnce {
		t.Errorf("%d start at once, want %d", n, renewAtOnce)
	}
	begun := aUnit(list[7].Unit, "active", unknown, func(u *Unit) { u.Sandbox = units.SandboxVersion })
	seven := c.Apps["7"]
	seven.Units = append(seven.Units, begun)
	c.Apps["7"] = seven
	eight := c.Apps["8"]
	eight.Busy = map[string]bool{list[8].Unit: true}
	c.Apps["8"] = eight
	if n := starts(plan(list, c, noon)); n != renewAtOnce-2 {
		t.Errorf("%d start beside two, want %d", n, renewAtOnce-2)
	}
	list, c = renewing(10)
	for i := range list {
		list[i].Release.Hash = "another"
	}
	if n := starts(plan(list, c, noon)); n != 10 {
		t.Errorf("%d start for a new release, want all", n)
	}
	list, c = renewing(10)
	for _, o := range c.Apps {
		o.Units[0].Sandbox = units.SandboxVersion
	}
	if n := starts(plan(list, c, noon)); n != 10 {
		t.Errorf("%d start for new settings, want all", n)
	}
}
