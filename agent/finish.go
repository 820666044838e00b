package agent

import (
	"errors"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// finish records how a task went.
func (a *Agent) finish(r result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	i, subject := a.observed.instance(r.task.Instance), r.task.Subject()
	delete(i.tasks, subject)
	if subject != plan.Whole {
		u := a.observed.record(subject)
		u.tasked, u.changing = false, false
	}
	a.enterInspection(r)
	a.loop.count(r)
	a.report(r)
	if r.err != nil {
		a.failed(r, now)
		return
	}
	delete(i.holds, subject)
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
		a.stoppedByHand(r.task, m)
	case plan.Route: // to those that are still there
		i.served = i.target
	case plan.Unroute:
		i.served = nil
	case plan.Drain:
		if u := a.observed.unit(r.task.Unit); u != nil {
			u.Drained = true
		}
	case plan.Stop:
		a.forgetEnded(id)
	case plan.Kill:
		i.hold(r.task.Unit, hold{until: now.Add(time.Second), why: "killed; waiting for its processes to exit"})
	case plan.Reset:
		a.tracker(r.task, (*plan.FailureTracker).WasReset)
	case plan.Released:
		a.released(r.task, m)
	case plan.Reject:
		a.reject(r, m, now)
	}
}

// stoppedByHand leaves a unit stopped, and with the last of its units the application.
func (a *Agent) stoppedByHand(t plan.Task, m *plan.Memory) {
	a.tracker(t, (*plan.FailureTracker).StopIsOurs)
	d := a.desiredOf(t.Instance)
	if d == nil {
		return
	}
	m.Left, m.ByHand = append(m.Left, t.Unit), a.bootID
	runs := func(r plan.Replica) bool { return !slices.Contains(m.Left, r.Unit) }
	if !slices.ContainsFunc(d.Replicas, runs) {
		m.Stopped, m.Left = "stopped by operator (systemctl)", nil
	}
	a.memoriesChanged()
}

// reject gives up the revision that is wanted, unless another is wanted by now.
func (a *Agent) reject(r result, m *plan.Memory, now time.Time) {
	d := a.desiredOf(r.task.Instance)
	if d != nil && d.Before != nil && d.Before.UnitName() == r.task.Unit {
		a.rejectCommand(d, m, r, r.task.Reason, now)
		return
	}
	if d == nil || d.Replica(r.task.Unit) == nil {
		return
	}
	failed, t := d.Replica(r.task.Unit), a.observed.failures(d.ID).Trouble(r.task.Unit)
	a.loop.rejected++
	m.Rejected = &plan.Rejection{Revision: d.Revision, Why: d.Of(failed) + t.LastExit, Lines: r.lines, Exit: t.Exit,
		Strayed: t.Strayed, Manifest: d.Manifest.For(failed.Process), Process: beside(failed), At: now}
	a.memoriesChanged()
}

// beside is the process of a replica, unless that is web.
func beside(r *plan.Replica) string {
	if r.IsWeb() {
		return ""
	}
	return r.Process
}

// rejectCommand gives up the revision whose release command has failed. It is on disk before the unit goes,
// which nobody could ask for its result any more.
func (a *Agent) rejectCommand(d *plan.Desired, m *plan.Memory, r result, why string, now time.Time) {
	a.loop.rejected++
	m.Rejected = &plan.Rejection{Revision: d.Revision, Why: why, Lines: r.lines, Command: true, Manifest: d.Manifest,
		At: now}
	if u := a.observed.unit(r.task.Unit); u != nil {
		m.Rejected.Exit = u.LastExit
	}
	a.memoriesChanged()
	a.saveMemories()
}

// released remembers that a release command has succeeded, as rejectCommand does that it has not.
func (a *Agent) released(t plan.Task, m *plan.Memory) {
	key := ""
	if u := a.observed.unit(t.Unit); u != nil {
		key = u.Definition
	}
	if d := a.desiredOf(t.Instance); key == "" && d != nil && d.Before != nil && d.Before.UnitName() == t.Unit {
		key = d.Before.Spec.BeforeKey()
	}
	if key == "" {
		return
	}
	m.Release(key)
	a.memoriesChanged()
	a.saveMemories()
}

// tracker tells that of the task's unit, if it is to run.
func (a *Agent) tracker(t plan.Task, tell func(*plan.FailureTracker)) {
	if w := a.observed.known(t.Instance).failures.Find(t.Unit); w != nil {
		tell(w)
	}
}

// desiredOf is nil if an instance is not wanted. The caller holds mu.
func (a *Agent) desiredOf(id string) *plan.Desired {
	apps := a.desiredApps()
	if n := slices.IndexFunc(apps, func(d plan.Desired) bool { return d.ID == id }); n >= 0 {
		return &apps[n]
	}
	return nil
}

// failed keeps a failed task from being tried again at once.
func (a *Agent) failed(r result, now time.Time) {
	id := r.task.Instance
	switch {
	case errors.Is(r.err, errNotByHand) && !errors.Is(r.err, errStopping):
		a.tracker(r.task, (*plan.FailureTracker).StopIsOurs)
		return
	case r.task.Action == plan.Start:
		a.startFailed(r, now)
		return
	case r.task.Action == plan.Release && (errors.Is(r.err, units.ErrExec) || errors.Is(r.err, units.ErrSpec)):
		if d := a.desiredOf(id); d != nil && d.Before != nil && d.Before.UnitName() == r.task.Unit {
			a.rejectCommand(d, a.observed.memory(id), r, "its release command cannot run: "+r.err.Error(), now)
		}
		return
	case r.task.Action == plan.Restart:
		a.tracker(r.task, (*plan.FailureTracker).RestartFailed)
	}
	i, subject := a.observed.instance(id), r.task.Subject()
	h := i.holds[subject]
	h.n++
	h.why = r.task.Action.String() + ": " + r.err.Error()
	h.until = now.Add(min(time.Second<<min(h.n-1, 4), 15*time.Second))
	i.hold(subject, h)
}

// startFailed counts a start that failed, unless its unit is not wanted any more.
func (a *Agent) startFailed(r result, now time.Time) {
	d := a.desiredOf(r.task.Instance)
	if d == nil || d.Replica(r.task.Unit) == nil {
		return
	}
	ran := errors.Is(r.err, units.ErrJob) || errors.Is(r.err, units.ErrTimeout)
	if ran {
		a.observed.countFailedStart(d.ID, r.task.Unit)
		a.loop.unsaved = true
	}
	hasGood := a.observed.hasGood(d.ID, d.Revision)
	a.observed.failures(d.ID).Of(r.task.Unit).FailStart(r.err.Error(), ran, hasGood, a.desired.backoff, now)
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
