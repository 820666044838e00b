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
	delete(a.have.busy, r.task.Instance)
	delete(a.have.inHand, r.task.Unit)
	a.enterAfter(r)
	a.life.count(r)
	a.report(r)
	if r.err != nil {
		a.failed(r, now)
		return
	}
	delete(a.have.holds, r.task.Instance)
	a.done(r, now)
}

// enterAfter enters the reading that the task made at its end.
func (a *Agent) enterAfter(r result) {
	if r.readAt.IsZero() {
		return
	}
	if r.hearsay || a.have.heard[r.task.Unit].After(r.readAt) {
		a.hint(r.task.Unit)
	}
	delete(a.have.heard, r.task.Unit)
	a.have.readings++
	switch {
	case r.readErr == nil && r.status.Instance != "":
		a.have.enter(r.task.Unit, []units.Status{r.status}, a.have.readings)
	case gone(r.readErr):
		a.have.enter(r.task.Unit, nil, a.have.readings)
	}
	a.lease(r.task.Unit)
}

// done draws the consequences of a task that succeeded.
func (a *Agent) done(r result, now time.Time) {
	id, m := r.task.Instance, a.have.memory(r.task.Instance)
	switch r.task.Action {
	case plan.Verify:
		m.Stopped, m.ByHand = "stopped by operator (systemctl)", a.bootID
		a.have.watch(id).StopIsOurs()
		a.remembered()
	case plan.Route:
		a.have.served[id] = r.task.Unit
	case plan.Unroute:
		delete(a.have.served, id)
	case plan.Drain:
		if u := a.have.units[r.task.Unit]; u != nil {
			u.Drained = true
		}
	case plan.Stop:
		a.forgetEnded(id)
	case plan.Kill:
		a.have.holds[id] = hold{until: now.Add(time.Second), why: "killed, and not gone yet"}
	case plan.Reset:
		a.have.watch(id).Forgive()
	case plan.Reject:
		w := a.have.watch(id)
		a.life.rejected++
		m.Rejected = &plan.Rejection{Revision: w.Trouble.Revision, Why: w.Trouble.LastExit, Lines: r.lines, At: now}
		a.remembered()
	}
}

// failed keeps a failed task from coming back at once.
func (a *Agent) failed(r result, now time.Time) {
	id := r.task.Instance
	w := a.have.watch(id)
	switch {
	case errors.Is(r.err, errNotByHand) && !errors.Is(r.err, errStopping):
		w.StopIsOurs()
		return
	case r.task.Action == plan.Start:
		w.FailStart(r.err.Error(), a.have.hasGood(id, w.Trouble.Revision), a.want.backoff, now)
		return
	}
	if r.task.Action == plan.Restart {
		w.RestartFailed()
	}
	h := a.have.holds[id]
	h.n++
	h.why = r.task.Action.String() + ": " + r.err.Error()
	h.until = now.Add(min(time.Second<<min(h.n-1, 4), 15*time.Second))
	a.have.holds[id] = h
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
