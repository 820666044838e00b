package agent

import (
	"context"
	"maps"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// queryTimeout bounds one query; the next hint or tick asks again.
const queryTimeout = 30 * time.Second

// query is what PID 1 answered about one unit, or about all.
type query struct {
	unit   string // empty: all
	number uint64 // of earlier queries it is smaller
	status []units.Status
	err    error
}

// query asks PID 1 in the background. A unit that is being read is read once more
// afterwards, however many hints come meanwhile. The caller holds mu.
func (a *Agent) query(ctx context.Context, unit string) {
	if _, asking := a.observed.querying[unit]; asking {
		a.observed.querying[unit] = true
		return
	}
	a.observed.querying[unit] = false
	a.observed.queries++
	a.observed.inFlight++
	r := query{unit: unit, number: a.observed.queries}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		a.answers <- a.runQuery(ctx, r)
	}()
}

func (a *Agent) runQuery(ctx context.Context, r query) query {
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

// onAnswer enters what PID 1 answered.
func (a *Agent) onAnswer(ctx context.Context, r query) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observed.inFlight--
	again := a.observed.querying[r.unit]
	delete(a.observed.querying, r.unit)
	if again {
		a.query(ctx, r.unit)
	}
	if r.err != nil {
		a.log.Warn("systemd cannot be asked what runs", "unit", r.unit, "error", r.err)
		return
	}
	if r.unit == "" {
		a.observed.enterAll(r.status, r.number)
		a.releasePorts()
		return
	}
	a.observed.enter(r.unit, r.status, r.number)
	a.releasePort(r.unit)
}

// enterAll replaces what is known of every unit, except where a later answer is here.
func (t *observedState) enterAll(list []units.Status, number uint64) {
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
// A unit that a task is changing is left to the task's own inspection.
func (t *observedState) enter(unit string, status []units.Status, number uint64) {
	switch {
	case t.read[unit] > number || t.inHand[unit]:
	case len(status) == 0 || status[0].LoadState == "not-found":
		t.drop(unit)
		t.read[unit] = number
	case status[0].Instance != "": // else it is of our name, not of our making
		t.update(status[0], number)
	}
}

func (t *observedState) update(s units.Status, number uint64) {
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

func (t *observedState) drop(unit string) {
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

// releasePorts ends the leases of all units that are gone. The caller holds mu.
func (a *Agent) releasePorts() {
	for _, unit := range a.ports.Units() {
		a.releasePort(unit)
	}
}

// releasePort ends the lease, and the probing, of a unit that is gone and not about to start.
func (a *Agent) releasePort(unit string) {
	if a.observed.units[unit] != nil {
		return
	}
	a.monitor.Forget(unit)
	for _, t := range a.observed.busy {
		if t.Unit == unit {
			return
		}
	}
	a.ports.Release(unit)
}
