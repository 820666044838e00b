package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/units"
)

// failuresBesideGood is how many failures in a row a new revision beside a good one is allowed.
const failuresBesideGood = 2

// Trouble is what keeps a replica from running well: how often in a row, and when
// it is tried again. It belongs to one unit, and is reset once that has been healthy for long enough.
type Trouble struct {
	Attempt  int        // failures in a row; 0: none
	Vain     int        // of them, those since a run that worked
	NextTry  time.Time  // zero: at once
	LastExit string     // the last failure in words
	Sick     bool       // it was that a run was not healthy
	Strayed  string     // where that run listened instead, see fact.Look
	Exit     units.Exit // of the run that failed last; zero: it has not ended by itself
	Run      string     // the invocation that failed last, or LatestRun; empty: there was none, or it is not known
	GaveUp   bool       // a new revision beside a good one: not to be tried again
	Proven   bool       // the run that is there has worked for long enough: PID 1's delays begin anew
	Forgiven bool       // healthy for long enough since
}

// Failures are of one instance: the trackers of the units that are to run of it.
type Failures struct {
	Total    int // since the agent started: tells one from the next
	trackers map[string]*FailureTracker
	known    bool // the instance was seen since the agent started
}

// Of is the tracker of a unit that is to run, which is made if need be.
func (f *Failures) Of(unit string) *FailureTracker {
	w := f.trackers[unit]
	if w == nil {
		if f.trackers == nil {
			f.trackers = map[string]*FailureTracker{}
		}
		w = &FailureTracker{all: f, known: f.known}
		f.trackers[unit] = w
	}
	return w
}

// Units are those that have a tracker.
func (f *Failures) Units() []string { return slices.Sorted(maps.Keys(f.trackers)) }

// Find is nil for a unit that is not to run, or was never seen; f may be nil.
func (f *Failures) Find(unit string) *FailureTracker {
	if f == nil {
		return nil
	}
	return f.trackers[unit]
}

// Trouble is that of a unit; f may be nil.
func (f *Failures) Trouble(unit string) Trouble {
	if w := f.Find(unit); w != nil {
		return w.Trouble
	}
	return Trouble{}
}

// Keep forgets all but these replicas, which have been observed: the failures of another revision
// do not count.
func (f *Failures) Keep(replicas []Replica) {
	f.known = true
	if len(f.trackers) <= len(replicas) { // each of them has one
		return
	}
	keep := make(map[string]bool, len(replicas))
	for i := range replicas {
		keep[replicas[i].Unit] = true
	}
	maps.DeleteFunc(f.trackers, func(unit string, _ *FailureTracker) bool { return !keep[unit] })
}

// Forgive lets all be tried at once, whatever happened before.
func (f *Failures) Forgive() {
	for _, w := range f.trackers {
		w.Forgive()
	}
}

// LatestRun stands for the invocation that began last, where nobody has seen which that was.
const LatestRun = "latest"

// Waiting says whether the next try is still to come.
func (t Trouble) Waiting(now time.Time) bool { return t.NextTry.After(now) }

// FailureTracker follows one unit that is to run and turns what it sees, one snapshot after the
// other, into Trouble. It does no I/O and knows no clock.
type FailureTracker struct {
	Trouble       Trouble
	Latest        int // number of its last failure, among those of its instance
	all           *Failures
	known         bool   // the unit, or what it replaces, was seen since the agent started
	invocation    string // InvocationID
	ended         string // the invocation before
	exits         int    // of the unit, already counted
	counted       bool   // that this run is unhealthy is counted already
	expected      bool   // the unit ran, and the agent has not stopped it
	restartFailed bool   // a restart by the agent failed: if the unit stops now, that is why
	healthy       time.Time
}

// Observe takes in what the unit of r looks like now; u is nil when there is none.
func (w *FailureTracker) Observe(r *Replica, hasGood bool, u *Unit, b Backoff, now time.Time) {
	if u == nil {
		w.known, w.exits, w.invocation, w.ended, w.healthy = true, 0, "", "", time.Time{}
		return
	}
	if !w.known { // adopted: its exits before that do not count
		w.known, w.exits = true, u.NRestarts
	}
	if u.Invocation != w.invocation {
		w.ended, w.invocation, w.counted = w.invocation, u.Invocation, false
	}
	w.expected = w.expected || !u.Ended()
	w.restartFailed = w.restartFailed && !u.Running()
	w.countExits(r, hasGood, u, b, now)
	w.countHealth(r, hasGood, u, b, now)
}

func (w *FailureTracker) countExits(r *Replica, hasGood bool, u *Unit, b Backoff, now time.Time) {
	exits := u.exits()
	if n := exits - w.exits; n > 0 {
		worked := w.worked(r, now) && !hasGood // beside a good one it has to become healthy together with all others
		if worked {
			w.Trouble.Vain = 0
		}
		w.Trouble.Exit, w.Trouble.Run = u.LastExit, w.lastEnded(u, n)
		w.fail(n, u.lastExitText(), hasGood, b, now)
		if worked && n == 1 {
			w.Trouble.NextTry = w.healthy.Add(b.first)
		}
		w.healthy = time.Time{}
	}
	w.exits = exits
}

// worked says whether the run that was there was healthy, and has shown it: one of web that nobody can
// ask has to last for that, as every other has before it counts as healthy.
func (w *FailureTracker) worked(r *Replica, now time.Time) bool {
	shown := r.Probed() || r.Spec.Notify || !r.IsWeb()
	return !w.healthy.IsZero() && (shown || now.Sub(w.healthy) >= steadyAfter)
}

// lastEnded is the last of n runs that have ended since the unit was seen before.
func (w *FailureTracker) lastEnded(u *Unit, n int) string {
	switch {
	case u.exited():
		return u.Invocation
	case n == 1:
		return w.ended
	}
	return LatestRun // it came and went unseen, and so most likely will the next
}

func (w *FailureTracker) countHealth(r *Replica, hasGood bool, u *Unit, b Backoff, now time.Time) {
	if !u.Healthy() {
		w.healthy = time.Time{}
	}
	switch {
	case unhealthyTooLong(r, u, now) && !w.counted:
		w.counted = true
		w.Trouble.Exit, w.Trouble.Run = units.Exit{}, u.Invocation
		w.fail(1, healthText(r, u), hasGood, b, now)
		w.Trouble.Sick, w.Trouble.Strayed = true, u.Health.Elsewhere
		w.Trouble.GaveUp = hasGood
	case u.Healthy() && w.healthy.IsZero():
		w.healthy = now
	case u.Healthy() && w.Trouble.Attempt > 0:
		w.Trouble.Forgiven = now.Sub(w.healthy) >= b.healthy
	}
	w.Trouble.Proven = w.worked(r, now) && now.Sub(w.healthy) >= b.first
}

// fail counts n failures. The first one after a run that worked is left to PID 1 or retried at once;
// from the second on the agent waits, longer each time.
func (w *FailureTracker) fail(n int, why string, hasGood bool, b Backoff, now time.Time) {
	t := &w.Trouble
	w.all.Total += n
	w.Latest = w.all.Total
	t.Attempt, t.Vain = t.Attempt+n, t.Vain+n
	t.LastExit, t.Sick, t.Strayed = why, false, ""
	t.Proven, t.Forgiven = false, false
	t.GaveUp = t.GaveUp || hasGood && t.Attempt >= failuresBesideGood
	t.NextTry = time.Time{}
	if t.Vain > 1 {
		t.NextTry = now.Add(b.delay(t.Vain))
	}
}

// FailStart counts a unit that could not be started at all: there is nothing that
// PID 1 could restart, so the agent waits from the first time on. Whether its command ran says
// whether it may have said why.
func (w *FailureTracker) FailStart(why string, ran, hasGood bool, b Backoff, now time.Time) {
	w.Trouble.Exit, w.Trouble.Run = units.Exit{}, map[bool]string{true: LatestRun}[ran]
	w.fail(1, why, hasGood, b, now)
	w.Trouble.NextTry = now.Add(b.delay(w.Trouble.Vain))
}

// StopIsOurs says that no operator stopped the unit if it is gone soon: the agent did, or the
// reason is known.
func (w *FailureTracker) StopIsOurs() { w.expected = false }

// RestartFailed says that a restart by the agent failed: if the unit stops now, that is why.
func (w *FailureTracker) RestartFailed() { w.restartFailed = true }

// Forgive lets it be tried at once, whatever happened before.
func (w *FailureTracker) Forgive() { w.Trouble = Trouble{} }

// WasReset says that PID 1's delays begin anew. What was healthy for long enough is forgiven, too.
func (w *FailureTracker) WasReset() {
	if w.Trouble.Forgiven {
		w.Forgive()
	}
}

// StoppedByHand says whether the unit was stopped by somebody else: it was there, it
// is not any more, and since PID 1 restarts what exits on its own, only a stop job can have
// done it.
func (w *FailureTracker) StoppedByHand(u *Unit) bool {
	if !w.expected || w.restartFailed || (u != nil && !u.Ended()) {
		return false
	}
	return u == nil || (u.Result != "start-limit-hit" && u.Result != "resources")
}

// NextDue is when a pass is due without any event; zero: never.
func (w *FailureTracker) NextDue(r *Replica, u *Unit, b Backoff, now time.Time) time.Time {
	var next time.Time
	earliest := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	earliest(w.Trouble.NextTry)
	if u != nil && u.Running() && !u.Healthy() {
		earliest(u.ActiveAt.Add(r.Health.StartPeriod.Std() + time.Millisecond))
		earliest(r.SteadyAt(u))
	}
	if w.Trouble.Attempt > 0 && !w.healthy.IsZero() {
		earliest(w.healthy.Add(b.first))
		earliest(w.healthy.Add(b.healthy))
	}
	return next
}

// unhealthyTooLong says whether a running unit has been unhealthy for too long.
func unhealthyTooLong(r *Replica, u *Unit, now time.Time) bool {
	if !u.Running() || !u.Probed {
		return false
	}
	return u.Health.State == fact.Unhealthy ||
		u.Health.State == fact.Unknown && u.Health.Failures >= r.Health.Failures &&
			now.Sub(u.ActiveAt) > r.Health.StartPeriod.Std()
}

func healthText(r *Replica, u *Unit) string {
	if u.Health.State == fact.Unknown {
		return fmt.Sprintf("not healthy within %s: %s", r.Health.StartPeriod.Std(), u.Health.Problem)
	}
	problem := u.Health.Problem
	if path := u.Health.Path; path != "" { // which nobody has chosen
		problem = "GET " + path + ": " + problem
	}
	return fmt.Sprintf("health check failed %d times: %s", u.Health.Failures, problem)
}
