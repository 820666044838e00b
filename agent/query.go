package agent

import (
	"context"
	"maps"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// queryTimeout bounds one query; the next signal or tick asks again.
const queryTimeout = 30 * time.Second

// query is what PID 1 answered about one unit, or about all.
type query struct {
	unit   string // empty: all
	number uint64 // later queries have greater ones
	status []units.Status
	err    error
}

// query asks PID 1 in the background. While a query about a unit is on its way, further signals
// lead to one more query after it, however many come. The caller holds mu.
func (a *Agent) query(ctx context.Context, unit string) {
	q := a.observed.queryOf(unit)
	if q.running {
		q.again = true
		return
	}
	q.running = true
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
	q := a.observed.queryOf(r.unit)
	again := q.again
	*q = queryState{}
	if again {
		a.query(ctx, r.unit)
	}
	if r.err != nil {
		a.log.Warn("cannot ask systemd what runs", "unit", r.unit, "error", r.err)
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

// queryOf is the state of the query about a unit, or about all.
func (o *observedState) queryOf(unit string) *queryState {
	if unit == "" {
		return &o.listing
	}
	return &o.record(unit).query
}

// enterAll replaces what is known of every unit, except where a later answer is here.
func (o *observedState) enterAll(list []units.Status, number uint64) {
	found := make(map[string][]units.Status, len(list))
	for _, s := range list {
		found[s.Unit] = []units.Status{s}
	}
	for u := range o.loaded() {
		if found[u.Unit] == nil {
			o.enter(u.Unit, nil, number)
		}
	}
	for unit, s := range found {
		o.enter(unit, s, number)
	}
	maps.DeleteFunc(o.units, func(_ string, u *unitState) bool {
		return u.unit == nil && u.number <= number && !u.tasked && !u.query.running
	})
}

// enter replaces what is known of one unit; an empty status means that it is gone.
// A unit that a task is changing is left to the task's own inspection.
func (o *observedState) enter(unit string, status []units.Status, number uint64) {
	u := o.record(unit)
	switch {
	case u.number > number || u.changing:
	case len(status) == 0 || status[0].LoadState == "not-found":
		if u.unit != nil {
			o.remove(u.unit)
		}
		u.number = number
	case status[0].Instance != "": // else it is of our name, not of our making
		o.update(status[0])
		u.number = number
	}
}

func (o *observedState) update(s units.Status) {
	u := o.unit(s.Unit)
	switch {
	case u == nil:
		o.add(&plan.Unit{Status: s})
	case u.Invocation != s.Invocation: // another run: nothing known of the last one applies
		*u = plan.Unit{Status: s}
	case u.Stopping() && s.Stopping(): // its grace period has begun, whatever it tells PID 1 since
		s.Since = u.Since
		u.Status = s
	default:
		u.Status = s
	}
}

// releasePorts ends the leases of all units that are gone. The caller holds mu.
func (a *Agent) releasePorts() {
	for _, unit := range a.ports.Units() {
		a.releasePort(unit)
	}
}

// releasePort ends the lease, and the probing, of a unit that is gone and not about to start.
func (a *Agent) releasePort(unit string) {
	u := a.observed.units[unit]
	if u != nil && u.unit != nil {
		return
	}
	a.monitor.Forget(unit)
	if u == nil || !u.tasked {
		a.ports.Release(unit)
	}
}
