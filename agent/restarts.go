package agent

import (
	"context"
	"maps"

	"github.com/nexushub/nexushub/agent/plan"
)

// countRestarts brings the counts of an instance up to date, and reports whether one changed.
// A revision that was replaced takes its count with it: should it come back, it begins anew.
func (o *observedState) countRestarts(d *plan.Desired) (changed bool) {
	i := o.instance(d.ID)
	if len(i.units) == 0 && (i.memory == nil || len(i.memory.Restarts) == 0) {
		return false
	}
	m := o.memory(d.ID)
	if m.Restarts == nil {
		m.Restarts = map[string]plan.Restarts{}
	}
	there := 0
	for _, u := range i.units {
		r := m.Restarts[u.Unit]
		if r.See(u.Status) {
			m.Restarts[u.Unit], changed = r, true
		}
		if _, counted := m.Restarts[u.Unit]; counted {
			there++
		}
	}
	if there == len(m.Restarts) {
		return changed
	}
	before := len(m.Restarts)
	maps.DeleteFunc(m.Restarts, func(unit string, _ plan.Restarts) bool { return !i.has(unit) && d.Replica(unit) == nil })
	return changed || len(m.Restarts) != before
}

// countFailedStart counts a start that left no unit behind.
func (o *observedState) countFailedStart(id, unit string) {
	m := o.memory(id)
	if m.Restarts == nil {
		m.Restarts = map[string]plan.Restarts{}
	}
	r := m.Restarts[unit]
	r.Failed()
	m.Restarts[unit] = r
}

// unseen is what has become of a unit while no agent was there to see it.
type unseen struct {
	before plan.Restarts // as the last agent left it
	now    plan.Unit
}

// countUnseen asks the journal how often a unit was started while no agent was there: PID 1's own
// count does not tell, if somebody restarted the unit by hand meanwhile.
func (a *Agent) countUnseen(ctx context.Context, was unseen) {
	unit := was.now.Unit
	n, ok, err := a.exec.journal.Runs(ctx, unit, was.before.Invocation, was.now.Invocation)
	if err != nil {
		a.log.Warn("cannot count the restarts in the journal", "unit", unit, "error", err)
	}
	if err != nil || !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.observed.known(was.now.Instance).memory
	if m == nil {
		return
	}
	if r, there := m.Restarts[unit]; there {
		r.Count += was.before.Missed(was.now.Status, n)
		m.Restarts[unit] = r
		a.loop.unsaved = true
		a.requestReconcile()
	}
}
