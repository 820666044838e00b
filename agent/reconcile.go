package agent

import (
	"context"
	"errors"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

const (
	// resyncEvery is the slow tick: everything is read again, should a hint be lost.
	resyncEvery = 2 * time.Minute
	// taskGrace is how long tasks in hand may go on when the agent stops.
	taskGrace = 5 * time.Second
	// hintPause is between a signal of systemd and the reading that it leads to.
	hintPause = 20 * time.Millisecond
	// gatherEach bounds the share of time that looking takes, about 5 µs for each instance,
	// to one part in five; a handful is looked at without delay.
	gatherEach = 20 * time.Microsecond
	gatherFrom = 50
)

// runLoop is the reconciler: it alone decides, and it does no I/O itself.
func (a *Agent) runLoop(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	resync := time.NewTicker(resyncEvery)
	defer resync.Stop()
	a.hints = time.NewTimer(resyncEvery)
	defer a.hints.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		due.Reset(a.reconcile(work))
		a.life.looks.Observe(time.Since(began).Seconds())
		a.news(ctx, work, resync.C, due.C)
		if n := a.instances(); n >= gatherFrom {
			a.gather(ctx, work, time.Duration(n)*gatherEach)
		}
	}
	return a.finishTasks(cancel)
}

// news waits for one thing to happen and takes it in.
func (a *Agent) news(ctx, work context.Context, resync, due <-chan time.Time) {
	select {
	case <-ctx.Done():
	case e := <-a.units.Events():
		a.hear(work, e)
	case r := <-a.reads:
		a.take(work, r)
	case r := <-a.results:
		a.finish(r)
	case answer := <-a.alive:
		close(answer)
	case <-a.hints.C:
		a.readHinted(work)
	case <-resync:
		a.hear(work, units.Event{Resync: true})
	case <-a.wake:
	case <-due:
	}
}

// instances is how many a look has to look at.
func (a *Agent) instances() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.want.desired)
}

// gather takes in what else happens within d: looking at a thousand instances after
// every single event would cost more than the events.
func (a *Agent) gather(ctx, work context.Context, d time.Duration) {
	end := time.NewTimer(d)
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-a.units.Events():
			a.hear(work, e)
		case r := <-a.reads:
			a.take(work, r)
		case r := <-a.results:
			a.finish(r)
		case <-a.hints.C:
			a.readHinted(work)
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
		case <-a.reads:
			a.mu.Lock()
			a.have.inFlight--
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
	return len(a.have.busy) + a.have.inFlight
}

// reconcile looks at everything once, sets off what is due, and says when to look
// again at the latest.
func (a *Agent) reconcile(ctx context.Context) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if !a.want.complete || !a.knowsRoutes(now) {
		return routesLimit
	}
	desired := a.desired()
	a.observe(desired, now)
	current := a.have.current(a.want.partial)
	apps := current.AppStates(desired, now)
	a.dispatch(ctx, apps, a.plan(apps, current, now))
	a.note(apps, now)
	a.life.reconciled(now)
	return a.nextLook(desired, now)
}

// plan is what Make says, without what failed just now. The caller holds mu.
func (a *Agent) plan(apps []plan.AppState, current plan.Current, now time.Time) []plan.Task {
	for id, h := range a.have.holds {
		if h.until.After(now) {
			current.Busy[id] = true
		}
	}
	tasks := a.suspicions(apps, current)
	for _, t := range tasks {
		current.Busy[t.Instance] = true
	}
	return append(tasks, plan.Make(apps, current, now)...)
}

// suspicions are the units that vanished without our doing: before the agent respects
// an operator's will it makes sure of it.
func (a *Agent) suspicions(apps []plan.AppState, current plan.Current) []plan.Task {
	var tasks []plan.Task
	for i := range apps {
		s := &apps[i]
		if w := a.have.watches[s.ID]; w != nil && !current.Busy[s.ID] && s.Stopped == "" && w.StoppedByHand(s.Wanted) {
			tasks = append(tasks, s.Task(plan.Verify, s.Unit, "its unit is gone without our doing"))
		}
	}
	return tasks
}

// observe lets every tracker of failures see its unit, and the monitor probe what runs.
func (a *Agent) observe(desired []plan.Desired, now time.Time) {
	for i := range desired {
		d := &desired[i]
		u := a.have.units[d.Unit]
		a.probe(d, u)
		if _, busy := a.have.busy[d.ID]; !busy {
			a.have.watch(d.ID).Observe(d, !d.Fallback && a.have.hasGood(d.ID, d.Revision), u, a.want.backoff, now)
		}
	}
}

// dispatch hands tasks to the executor. One table carries all changes of routes. The
// caller holds mu.
func (a *Agent) dispatch(ctx context.Context, apps []plan.AppState, tasks []plan.Task) {
	for _, t := range tasks {
		a.have.busy[t.Instance] = t
		a.have.inHand[t.Unit] = t.Action.ChangesUnit()
		switch t.Action {
		case plan.Route:
			a.have.targets[t.Instance] = t.Unit
		case plan.Unroute:
			delete(a.have.targets, t.Instance)
		case plan.Stop, plan.Restart, plan.Start:
			a.have.watch(t.Instance).StopIsOurs()
		}
	}
	generation := a.router.set(a.routeTable(apps))
	for _, t := range tasks {
		a.log.Debug("task begins", "action", t.Action, "instance", t.Instance, "app", t.Name, "unit", t.Unit, "reason", t.Reason)
		go func() {
			a.results <- a.exec.run(ctx, t, generation)
		}()
	}
}

// hear takes a hint: what it is about is read again.
func (a *Agent) hear(ctx context.Context, e units.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Resync {
		a.read(ctx, "")
		return
	}
	if a.have.inHand[e.Unit] { // its task reads it at the end, unless that is over already
		a.have.heard[e.Unit] = time.Now()
		return
	}
	a.hint(e.Unit)
}

// hint lets a unit be read soon. The caller holds mu.
func (a *Agent) hint(unit string) {
	if len(a.have.hinted) == 0 {
		a.hints.Reset(hintPause)
	}
	a.have.hinted[unit] = true
}

// readHinted reads the units of which something was heard. The pause before it lets the
// several signals of one change be one reading.
func (a *Agent) readHinted(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for unit := range a.have.hinted {
		a.read(ctx, unit)
	}
	clear(a.have.hinted)
}

// nextLook is how long nothing is due by itself. The caller holds mu.
func (a *Agent) nextLook(desired []plan.Desired, now time.Time) time.Duration {
	next := now.Add(resyncEvery)
	earliest := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for i := range desired {
		d := &desired[i]
		if w := a.have.watches[d.ID]; w != nil {
			earliest(w.NextDue(d, a.have.units[d.Unit], a.want.backoff, now))
		}
	}
	for _, u := range a.have.units {
		if u.Stopping() {
			earliest(u.DownBy().Add(time.Millisecond))
		}
	}
	for _, h := range a.have.holds {
		earliest(h.until)
	}
	if a.life.unsaved {
		earliest(a.life.saved.Add(saveEvery))
	}
	return next.Sub(now)
}

// gone says whether a unit is no longer there, as opposed to not readable just now.
func gone(err error) bool { return errors.Is(err, units.ErrNoSuchUnit) }
