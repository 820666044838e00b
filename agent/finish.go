package agent

import (
	"errors"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// finish records how a task went.
func (a *Agent) finish(r result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	i, u := a.observed.instance(r.task.Instance), a.observed.record(r.task.Unit)
	i.task, u.tasked, u.changing = nil, false, false
	a.enterInspection(r)
	a.loop.count(r)
	a.report(r)
	if r.err != nil {
		a.failed(r, now)
		return
	}
	i.hold = hold{}
	a.done(r, now)
}

// enterInspection records what the task saw of its unit at its end.
func (a *Agent) enterInspection(r result) {
	if r.inspectedAt.IsZero() {
		return
	}
	u := a.observed.record(r.task.Unit)
	if r.fromSignals || u.signalled.After(r.inspectedAt) {
		a.querySoon(r.task.Unit)
	}
	u.signalled = time.Time{}
	a.observed.queries++
	switch {
	case r.inspectErr == nil && r.status.Instance != "":
		a.observed.enter(r.task.Unit, []units.Status{r.status}, a.observed.queries)
	case gone(r.inspectErr):
		a.observed.enter(r.task.Unit, nil, a.observed.queries)
	}
	a.releasePort(r.task.Unit)
}

// done records the effects of a task that succeeded.
func (a *Agent) done(r result, now time.Time) {
	id := r.task.Instance
	i, m := a.observed.instance(id), a.observed.memory(id)
	switch r.task.Action {
	case plan.Verify:
		m.Stopped, m.ByHand = "stopped by operator (systemctl)", a.bootID
		a.observed.failures(id).StopIsOurs()
		a.memoriesChanged()
	case plan.Route:
		i.served = r.task.Unit
	case plan.Unroute:
		i.served = ""
	case plan.Drain:
		if u := a.observed.unit(r.task.Unit); u != nil {
			u.Drained = true
		}
	case plan.Stop:
		a.forgetEnded(id)
	case plan.Kill:
		i.hold = hold{until: now.Add(time.Second), why: "killed; waiting for its processes to exit"}
	case plan.Reset:
		a.observed.failures(id).Forgive()
	case plan.Reject:
		w := a.observed.failures(id)
		a.loop.rejected++
		m.Rejected = &plan.Rejection{Revision: w.Trouble.Revision, Why: w.Trouble.LastExit, Lines: r.lines,
			Exit: w.Trouble.Exit, Strayed: w.Trouble.Strayed, Manifest: a.manifestOf(id), At: now}
		a.memoriesChanged()
	}
}

// failed keeps a failed task from being tried again at once.
func (a *Agent) failed(r result, now time.Time) {
	id := r.task.Instance
	w := a.observed.failures(id)
	switch {
	case errors.Is(r.err, errNotByHand) && !errors.Is(r.err, errStopping):
		w.StopIsOurs()
		return
	case r.task.Action == plan.Start:
		ran := errors.Is(r.err, units.ErrJob) || errors.Is(r.err, units.ErrTimeout)
		if ran {
			a.observed.countFailedStart(id, r.task.Unit)
			a.loop.unsaved = true
		}
		w.FailStart(r.err.Error(), ran, a.observed.hasGood(id, w.Trouble.Revision), a.desired.backoff, now)
		return
	}
	if r.task.Action == plan.Restart {
		w.RestartFailed()
	}
	h := &a.observed.instance(id).hold
	h.n++
	h.why = r.task.Action.String() + ": " + r.err.Error()
	h.until = now.Add(min(time.Second<<min(h.n-1, 4), 15*time.Second))
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
		a.log.Error("task failed", append(attrs, "error", r.err)...)
	default:
		a.log.Info("task done", attrs...)
	}
}
