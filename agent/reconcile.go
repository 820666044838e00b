package agent

import (
	"context"
	"errors"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

const (
	// resyncEvery is the slow tick: PID 1 is asked about everything, should a signal be lost.
	resyncEvery = 2 * time.Minute
	// taskGrace is how long tasks in hand may go on when the agent stops.
	taskGrace = 5 * time.Second
	// queryPause is between a signal of systemd and the query that it leads to.
	queryPause = 20 * time.Millisecond
	// collectPerUnit bounds the share of time that passes take, about 5 µs for each unit,
	// to one part in five; a handful is dealt with without delay.
	collectPerUnit = 20 * time.Microsecond
	collectFrom    = 50
)

// runLoop is the reconciler: it alone decides, and it does no I/O itself.
func (a *Agent) runLoop(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	resync := time.NewTicker(resyncEvery)
	defer resync.Stop()
	a.askSoon = time.NewTimer(resyncEvery)
	defer a.askSoon.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		due.Reset(a.reconcile(work))
		a.loop.passes.Observe(time.Since(began).Seconds())
		a.nextEvent(ctx, work, resync.C, due.C)
		if n := a.toTend(); n >= collectFrom {
			a.collect(ctx, work, time.Duration(n)*collectPerUnit)
		}
	}
	return a.finishTasks(cancel)
}

// nextEvent waits for one thing to happen and takes it in.
func (a *Agent) nextEvent(ctx, work context.Context, resync, due <-chan time.Time) {
	select {
	case <-ctx.Done():
	case e := <-a.units.Events():
		a.onUnitSignal(work, e)
	case r := <-a.answers:
		a.onAnswer(work, r)
	case r := <-a.results:
		a.finish(r)
	case w := <-a.heard:
		a.hear(w)
	case answer := <-a.alive:
		close(answer)
	case <-a.askSoon.C:
		a.queryDue(work)
	case <-resync:
		a.onUnitSignal(work, units.Event{Resync: true})
	case <-a.wake:
	case <-due:
	}
}

// toTend is how many units a pass has to deal with.
func (a *Agent) toTend() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.desired.apps {
		n += max(1, len(a.desired.apps[i].Replicas))
	}
	return n
}

// collect takes in what else happens within d: a pass over a thousand instances after
// every single event would cost more than the events.
func (a *Agent) collect(ctx, work context.Context, d time.Duration) {
	end := time.NewTimer(d)
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-a.units.Events():
			a.onUnitSignal(work, e)
		case r := <-a.answers:
			a.onAnswer(work, r)
		case r := <-a.results:
			a.finish(r)
		case w := <-a.heard:
			a.hear(w)
		case <-a.askSoon.C:
			a.queryDue(work)
		case <-end.C:
			return
		}
	}
}

// finishTasks waits for the tasks in hand, but not for long.
func (a *Agent) finishTasks(cancel context.CancelFunc) error {
	limit := time.AfterFunc(taskGrace, cancel)
	defer limit.Stop()
	for a.pending() > 0 {
		select {
		case r := <-a.results:
			a.finish(r)
		case <-a.answers:
			a.mu.Lock()
			a.observed.inFlight--
			a.mu.Unlock()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.save(time.Now().Add(saveEvery))
	return nil
}

func (a *Agent) pending() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.observed.inFlight
	for _, i := range a.observed.instances {
		n += len(i.tasks)
	}
	return n
}

// reconcile makes one pass over everything, sets off what is due, and says after how long
// the next one is due.
func (a *Agent) reconcile(ctx context.Context) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if !a.desired.complete || !a.routesKnown(now) {
		return routesLimit
	}
	desired := a.desiredApps()
	a.observe(desired, now)
	a.listen(ctx, desired)
	current := a.observed.current(a.desired.partial, now)
	apps := current.AppStates(desired, now)
	a.dispatch(ctx, apps, a.plan(apps, current, now))
	a.record(apps, now)
	a.loop.reconciled(now)
	return a.nextPass(desired, now)
}

// plan is what Make says, once it is sure who stopped what is stopped. The caller holds mu.
func (a *Agent) plan(apps []plan.AppState, current plan.Current, now time.Time) []plan.Task {
	var tasks []plan.Task
	for i := range apps {
		tasks = append(tasks, a.verifyManualStops(&apps[i])...)
	}
	return append(tasks, plan.Make(apps, current, now)...)
}

// verifyManualStops are tasks for units that stopped although the agent did not stop them:
// it makes sure that an operator did before it leaves them stopped.
func (a *Agent) verifyManualStops(s *plan.AppState) (tasks []plan.Task) {
	failures := a.observed.known(s.ID).failures
	if failures == nil || s.Stopped != "" {
		return nil
	}
	for i := range s.States {
		r := &s.States[i]
		if w := failures.Find(r.Unit); w != nil && !r.Left && !s.Busy[r.Unit] && w.StoppedByHand(r.Seen) {
			t := s.Task(plan.Verify, r.Unit, "its unit stopped, and the agent did not stop it")
			tasks = append(tasks, t)
			s.SetBusy(t)
		}
	}
	return tasks
}

// observe lets every tracker of failures see its unit, and the monitor probe what runs.
func (a *Agent) observe(desired []plan.Desired, now time.Time) {
	for i := range desired {
		d := &desired[i]
		if a.observed.countRestarts(d) {
			a.loop.unsaved = true
		}
		failures, hasGood := a.observed.failures(d.ID), !d.Fallback && a.observed.hasGood(d.ID, d.Revision)
		for j := range d.Replicas {
			r := &d.Replicas[j]
			u := a.observed.units[r.Unit]
			if u == nil {
				u = &unitState{}
			}
			a.probe(d, r, u.unit, now)
			if w := failures.Of(r.Unit); !u.tasked {
				w.Observe(r, hasGood, u.unit, a.desired.backoff, now)
			}
		}
		failures.Keep(d.Replicas)
	}
}

func stopIsOurs(i *instanceState, unit string) {
	if w := i.failures.Find(unit); w != nil {
		w.StopIsOurs()
	}
}

// dispatch hands tasks to the executor. One table carries all changes of routes. The
// caller holds mu.
func (a *Agent) dispatch(ctx context.Context, apps []plan.AppState, tasks []plan.Task) {
	for _, t := range tasks {
		i := a.observed.instance(t.Instance)
		i.begin(&t)
		if unit := t.Subject(); unit != plan.Whole {
			u := a.observed.record(unit)
			u.tasked, u.changing = true, t.Action.ChangesUnit()
		}
		switch t.Action {
		case plan.Route:
			i.target = t.Targets
		case plan.Unroute:
			i.target = nil
		case plan.Release:
			a.observed.past.add(t.Unit, t.Instance, time.Now())
		case plan.Start: // before PID 1 says anything about it
			a.observed.past.add(t.Unit, t.Instance, time.Now())
			stopIsOurs(i, t.Unit)
		case plan.Restart:
			stopIsOurs(i, t.Unit)
		case plan.Stop: // the same: nobody is led to it any more
			stopIsOurs(i, t.Unit)
			if u := a.observed.record(t.Unit).unit; u != nil && u.Running() {
				u.ActiveState = "deactivating"
			}
		}
	}
	generation := a.router.set(a.routeTable(apps))
	for _, t := range tasks {
		a.log.Debug("task started", "action", t.Action, "instance", t.Instance, "app", t.Name, "unit", t.Unit,
			"reason", t.Reason)
		go func() {
			a.results <- a.exec.run(ctx, t, generation)
		}()
	}
}

// onUnitSignal does not believe a signal: PID 1 is asked about its unit again.
func (a *Agent) onUnitSignal(ctx context.Context, e units.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Resync || units.IsJob(e.Unit) {
		signal(a.jobs.wake)
	}
	if e.Resync {
		a.query(ctx, "")
		return
	}
	if units.IsJob(e.Unit) {
		return
	}
	// A unit that a task changes is inspected at the end of the task, unless that is over.
	if u := a.observed.units[e.Unit]; u != nil && u.changing {
		u.signalled = time.Now()
		return
	}
	a.querySoon(e.Unit)
}

// querySoon lets PID 1 be asked about a unit soon. The caller holds mu.
func (a *Agent) querySoon(unit string) {
	if len(a.observed.due) == 0 {
		a.askSoon.Reset(queryPause)
	}
	a.observed.due[unit] = true
}

// queryDue asks about the units that signals named. The pause before it lets the
// several signals of one change be one query.
func (a *Agent) queryDue(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for unit := range a.observed.due {
		a.query(ctx, unit)
	}
	clear(a.observed.due)
}

// nextPass is how long until something is due without an event. The caller holds mu.
func (a *Agent) nextPass(desired []plan.Desired, now time.Time) time.Duration {
	next := now.Add(resyncEvery)
	earliest := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for i := range desired {
		d := &desired[i]
		failures := a.observed.known(d.ID).failures
		for j := range d.Replicas {
			r := &d.Replicas[j]
			if w := failures.Find(r.Unit); w != nil {
				earliest(w.NextDue(r, a.observed.unit(r.Unit), a.desired.backoff, now))
			}
		}
	}
	for u := range a.observed.loaded() {
		if u.Stopping() {
			earliest(u.DownBy().Add(time.Millisecond))
		}
	}
	for _, i := range a.observed.instances {
		for _, h := range i.holds {
			earliest(h.until)
		}
	}
	if a.loop.unsaved {
		earliest(a.loop.saved.Add(saveEvery))
	}
	return next.Sub(now)
}

// gone says whether a unit no longer exists, as opposed to a query that failed.
func gone(err error) bool { return errors.Is(err, units.ErrNoSuchUnit) }
