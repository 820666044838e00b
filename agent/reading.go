package agent

import (
	"context"
	"maps"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// readLimit bounds one reading; the next hint or tick reads again.
const readLimit = 30 * time.Second

// reading is what PID 1 answered about one unit, or about all.
type reading struct {
	unit   string // empty: all
	number uint64 // readings asked for earlier have smaller ones
	status []units.Status
	err    error
}

// read asks PID 1 in the background. A unit that is being read is read once more
// afterwards, however many hints come meanwhile. The caller holds mu.
func (a *Agent) read(ctx context.Context, unit string) {
	if _, asking := a.have.reading[unit]; asking {
		a.have.reading[unit] = true
		return
	}
	a.have.reading[unit] = false
	a.have.readings++
	a.have.inFlight++
	r := reading{unit: unit, number: a.have.readings}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, readLimit)
		defer cancel()
		a.reads <- a.ask(ctx, r)
	}()
}

func (a *Agent) ask(ctx context.Context, r reading) reading {
	if r.unit == "" {
		r.status, r.err = a.units.List(ctx)
		return r
	}
	s, err := a.units.Get(ctx, r.unit)
	if err == nil {
		r.status = []units.Status{s}
	} else if !gone(err) {
		r.err = err
	}
	return r
}

// take enters an answer into the table.
func (a *Agent) take(ctx context.Context, r reading) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.have.inFlight--
	again := a.have.reading[r.unit]
	delete(a.have.reading, r.unit)
	if again {
		a.read(ctx, r.unit)
	}
	if r.err != nil {
		a.log.Warn("systemd cannot be asked what runs", "unit", r.unit, "error", r.err)
		return
	}
	if r.unit == "" {
		a.have.enterAll(r.status, r.number)
		a.leases()
		return
	}
	a.have.enter(r.unit, r.status, r.number)
	a.lease(r.unit)
}

// enterAll replaces what is known of every unit, except where a later answer is here.
func (t *table) enterAll(list []units.Status, number uint64) {
	found := make(map[string][]units.Status, len(list))
	for _, s := range list {
		found[s.Unit] = []units.Status{s}
	}
	for unit := range t.units {
		if found[unit] == nil {
			t.enter(unit, nil, number)
		}
	}
	for unit, s := range found {
		t.enter(unit, s, number)
	}
	maps.DeleteFunc(t.read, func(unit string, n uint64) bool { return t.units[unit] == nil && n <= number })
}

// enter replaces what is known of one unit; an empty status means that it is gone.
// A unit that a task is changing is left to the task's own reading.
func (t *table) enter(unit string, status []units.Status, number uint64) {
	switch {
	case t.read[unit] > number || t.inHand[unit]:
	case len(status) == 0 || status[0].LoadState == "not-found":
		t.drop(unit)
		t.read[unit] = number
	case status[0].Instance != "": // else it is of our name, not of our making
		t.put(status[0], number)
	}
}

func (t *table) put(s units.Status, number uint64) {
	u := t.units[s.Unit]
	switch {
	case u == nil:
		t.add(&plan.Unit{Status: s})
	case u.Invocation != s.Invocation: // another run: nothing known of the last one holds
		*u = plan.Unit{Status: s}
	case u.Stopping() && s.Stopping(): // its grace period has begun, whatever it tells PID 1 since
		s.Since = u.Since
		u.Status = s
	default:
		u.Status = s
	}
	t.read[s.Unit] = number
}

func (t *table) drop(unit string) {
	u := t.units[unit]
	if u == nil {
		return
	}
	if t.served[u.Instance] == unit {
		delete(t.served, u.Instance)
	}
	if t.targets[u.Instance] == unit { // else the requests are on their way to another already
		delete(t.targets, u.Instance)
	}
	t.remove(u)
}

// leases ends the leases of all units that are gone. The caller holds mu.
func (a *Agent) leases() {
	for _, unit := range a.ports.Units() {
		a.lease(unit)
	}
}

// lease ends the lease, and the probing, of a unit that is gone and not about to start.
func (a *Agent) lease(unit string) {
	if a.have.units[unit] != nil {
		return
	}
	a.monitor.Forget(unit)
	for _, t := range a.have.busy {
		if t.Unit == unit {
			return
		}
	}
	a.ports.Release(unit)
}
