package agent

import (
	"errors"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// finish enters how a task went.
func (a *Agent) finish(r result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	delete(a.observed.busy, r.task.Instance)
	delete(a.observed.inHand, r.task.Unit)
	a.enterInspection(r)
	a.loop.count(r)
	a.report(r)
	if r.err != nil {
		a.failed(r, now)
		return
	}
	delete(a.observed.holds, r.task.Instance)
	a.done(r, now)
}

// enterInspection enters what the task saw of its unit at its end.
func (a *Agent) enterInspection(r result) {
	if r.inspectedAt.IsZero() {
		return
	}
	if r.fromSignals || a.observed.signalled[r.task.Unit].After(r.inspectedAt) {
		a.hint(r.task.Unit)
	}
	delete(a.observed.signalled, r.task.Unit)
	a.observed.queries++
	switch {
	case r.inspectErr == nil && r.status.Instance != "":
		a.observed.enter(r.task.Unit, []units.Status{r.status}, a.observed.queries)
	case gone(r.inspectErr):
		a.observed.enter(r.task.Unit, nil, a.observed.queries)
	}
	a.releasePort(r.task.Unit)
}

// done draws the consequences of a task that succeeded.
func (a *Agent) done(r result, now time.Time) {
	id, m := r.task.Instance, a.observed.memory(r.task.Instance)
	switch r.task.Action {
	case plan.Verify:
		m.Stopped, m.ByHand = "stopped by operator (systemctl)", a.bootID
		a.observed.watch(id).StopIsOurs()
		a.memoriesChanged()
	case plan.Route:
		a.observed.served[id] = r.task.Unit
	case plan.Unroute:
		delete(a.observed.served, id)
	case plan.Drain:
		if u := a.observed.units[r.task.Unit]; u != nil {
			u.Drained = true
		}
	case plan.Stop:
		a.forgetEnded(id)
	case plan.Kill:
		a.observed.holds[id] = hold{until: now.Add(time.Second), why: "killed, and not gone yet"}
	case plan.Reset:
		a.observed.watch(id).Forgive()
	case plan.Reject:
		w := a.observed.watch(id)
		a.loop.rejected++
		m.Rejected = &plan.Rejection{Revision: w.Trouble.Revision, Why: w.Trouble.LastExit, Lines: r.lines, At: now}
		a.memoriesChanged()
	}
}

// failed keeps a failed task from coming back at once.
func (a *Agent) failed(r result, now time.Time) {
	id := r.task.Instance
	w := a.observed.watch(id)
	switch {
	case errors.Is(r.err, errNotByHand) && !errors.Is(r.err, errStopping):
		w.StopIsOurs()
		return
	case r.task.Action == plan.Start:
		w.FailStart(r.err.Error(), a.observed.hasGood(id, w.Trouble.Revision), a.desired.backoff, now)
		return
	}
	if r.task.Action == plan.Restart {
		w.RestartFailed()
	}
	h := a.observed.holds[id]
	h.n++
	h.why = r.task.Action.String() + ": " + r.err.Error()
	h.until = now.Add(min(time.Second<<min(h.n-1, 4), 15*time.Second))
	a.observed.holds[id] = h
}

func (a *Agent) report(r result) {
	attrs := []any{
		"action", r.task.Action.String(), "instance", r.task.Instance, "app", r.task.Name,
		"unit", r.task.Unit, "reason", r.task.Reason, "took", r.took,
	}
	switch {
	case errors.Is(r.err, errNotByHand):
		a.log.Debug("not stopped by an operator", append(attrs, "error", r.err)...)
	case r.err != nil:
		a.log.Error(r.task.Name+": "+r.task.Action.String()+" failed", append(attrs, "error", r.err)...)
	default:
		a.log.Info(r.task.Name+": "+r.task.Action.String(), attrs...)
	}
}
