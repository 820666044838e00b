package plan

import (
	"fmt"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/units"
)

// failuresBesideGood is how many failures in a row a new revision beside a good one is allowed.
const failuresBesideGood = 2

// Trouble is what keeps an instance from running well: how often in a row, and when
// it is tried again. It belongs to one revision, and is reset once that has been healthy for long enough.
type Trouble struct {
	Revision string
	Attempt  int        // failures in a row; 0: none
	NextTry  time.Time  // zero: at once
	LastExit string     // the last failure in words
	Sick     bool       // it was that a run was not healthy
	Strayed  string     // where that run listened instead, see fact.Look
	Exit     units.Exit // of the run that failed last; zero: it has not ended by itself
	Run      string     // the invocation that failed last, or LatestRun; empty: there was none, or it is not known
	GaveUp   bool       // a new revision beside a good one: not to be tried again
	Forgiven bool       // healthy for long enough since
}

// LatestRun stands for the invocation that began last, where nobody has seen which that was.
const LatestRun = "latest"

// Waiting says whether the next try is still to come.
func (t Trouble) Waiting(now time.Time) bool { return t.NextTry.After(now) }

// FailureTracker follows the wanted unit of one instance and turns what it sees, one snapshot
// after the other, into Trouble. It does no I/O and knows no clock.
type FailureTracker struct {
	Trouble       Trouble
	known         bool   // the unit was seen at least once since the agent started
	invocation    string // InvocationID
	ended         string // the invocation before
	exits         int    // of the unit, already counted
	counted       bool   // that this run is unhealthy is counted already
	expected      bool   // the unit ran, and the agent has not stopped it
	restartFailed bool   // a restart by the agent failed: if the unit stops now, that is why
	healthy       time.Time
	Total         int // failures since the agent started: tells one from the next
}

// Observe takes in what the wanted unit of d looks like now; u is nil when there is none.
func (w *FailureTracker) Observe(d *Desired, hasGood bool, u *Unit, b Backoff, now time.Time) {
	if w.Trouble.Revision != d.Revision {
		*w = FailureTracker{Trouble: Trouble{Revision: d.Revision}, known: w.known, Total: w.Total}
	}
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
	w.countExits(u, hasGood, b, now)
	w.countHealth(d, hasGood, u, b, now)
}

func (w *FailureTracker) countExits(u *Unit, hasGood bool, b Backoff, now time.Time) {
	n := u.exits()
	if n > w.exits {
		w.Trouble.Exit, w.Trouble.Run = u.LastExit, w.lastEnded(u, n-w.exits)
		w.fail(n-w.exits, u.lastExitText(), hasGood, b, now)
	}
	w.exits = n
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

func (w *FailureTracker) countHealth(d *Desired, hasGood bool, u *Unit, b Backoff, now time.Time) {
	if !u.Healthy() {
		w.healthy = time.Time{}
	}
	switch {
	case unhealthyTooLong(d, u, now) && !w.counted:
		w.counted = true
		w.Trouble.Exit, w.Trouble.Run = units.Exit{}, u.Invocation
		w.fail(1, healthText(d, u), hasGood, b, now)
		w.Trouble.Sick, w.Trouble.Strayed = true, u.Health.Elsewhere
		w.Trouble.GaveUp = hasGood
	case u.Healthy() && w.healthy.IsZero():
		w.healthy = now
	case u.Healthy() && w.Trouble.Attempt > 0:
		w.Trouble.Forgiven = now.Sub(w.healthy) >= b.healthy
	}
}

// fail counts n failures. The first one is left to PID 1 or retried at once; from the
// second on the agent waits, longer each time.
func (w *FailureTracker) fail(n int, why string, hasGood bool, b Backoff, now time.Time) {
	t := &w.Trouble
	w.Total += n
	t.Attempt += n
	t.LastExit, t.Sick, t.Strayed = why, false, ""
	t.Forgiven = false
	t.GaveUp = t.GaveUp || hasGood && t.Attempt >= failuresBesideGood
	t.NextTry = time.Time{}
	if t.Attempt > 1 {
		t.NextTry = now.Add(b.delay(t.Attempt))
	}
}

// FailStart counts a unit that could not be started at all: there is nothing that
// PID 1 could restart, so the agent waits from the first time on. Whether its command ran says
// whether it may have said why.
func (w *FailureTracker) FailStart(why string, ran, hasGood bool, b Backoff, now time.Time) {
	w.Trouble.Exit, w.Trouble.Run = units.Exit{}, map[bool]string{true: LatestRun}[ran]
	w.fail(1, why, hasGood, b, now)
	w.Trouble.NextTry = now.Add(b.delay(w.Trouble.Attempt))
}

// StopIsOurs says that no operator stopped the unit if it is gone soon: the agent did, or the
// reason is known.
func (w *FailureTracker) StopIsOurs() { w.expected = false }

// RestartFailed says that a restart by the agent failed: if the unit stops now, that is why.
func (w *FailureTracker) RestartFailed() { w.restartFailed = true }

// Forgive lets the revision be tried at once, whatever happened before.
func (w *FailureTracker) Forgive() { w.Trouble = Trouble{Revision: w.Trouble.Revision} }

// StoppedByHand says whether the wanted unit was stopped by somebody else: it was there, it
// is not any more, and since PID 1 restarts what exits on its own, only a stop job can have
// done it.
func (w *FailureTracker) StoppedByHand(u *Unit) bool {
	if !w.expected || w.restartFailed || (u != nil && !u.Ended()) {
		return false
	}
	return u == nil || (u.Result != "start-limit-hit" && u.Result != "resources")
}

// NextDue is when a pass is due without any event; zero: never.
func (w *FailureTracker) NextDue(d *Desired, u *Unit, b Backoff, now time.Time) time.Time {
	var next time.Time
	earliest := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	earliest(w.Trouble.NextTry)
	if u != nil && u.Running() && !u.Healthy() {
		earliest(u.ActiveAt.Add(d.Manifest.Health.StartPeriod.Std() + time.Millisecond))
	}
	if w.Trouble.Attempt > 0 && !w.healthy.IsZero() {
		earliest(w.healthy.Add(b.healthy))
	}
	return next
}

// unhealthyTooLong says whether a running unit has been unhealthy for too long.
func unhealthyTooLong(d *Desired, u *Unit, now time.Time) bool {
	if !u.Running() || !u.Probed {
		return false
	}
	return u.Health.State == fact.Unhealthy ||
		u.Health.State == fact.Unknown && u.Health.Failures >= d.Manifest.Health.Failures &&
			now.Sub(u.ActiveAt) > d.Manifest.Health.StartPeriod.Std()
}

func healthText(d *Desired, u *Unit) string {
	if u.Health.State == fact.Unknown {
		return fmt.Sprintf("not healthy within %s: %s", d.Manifest.Health.StartPeriod.Std(), u.Health.Problem)
	}
	problem := u.Health.Problem
	if path := u.Health.Path; path != "" { // which nobody has chosen
		problem = "GET " + path + ": " + problem
	}
	return fmt.Sprintf("health check failed %d times: %s", u.Health.Failures, problem)
}
