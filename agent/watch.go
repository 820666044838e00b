package agent

import (
	"fmt"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

// patience is how many failures in a row a new revision beside a good one is allowed.
const patience = 2

// Trouble is what keeps an instance from running well: how often in a row, and when
// it is tried again. It belongs to one revision and ends after a healthy while.
type Trouble struct {
	Revision string
	Attempt  int       // failures in a row; 0: none
	NextTry  time.Time // zero: at once
	LastExit string    // the last failure in words
	GaveUp   bool      // a new revision beside a good one: not to be tried again
	Forgiven bool      // healthy for long enough since
}

// waiting says whether the next try lies ahead.
func (t Trouble) waiting(now time.Time) bool { return t.NextTry.After(now) }

// watch follows the wanted unit of one instance and turns what it sees, one snapshot
// after the other, into Trouble. It does no I/O and knows no clock.
type watch struct {
	trouble Trouble
	known   bool   // the unit was seen at least once since the agent started
	run     string // InvocationID
	exits   int    // of the unit, already counted
	counted bool   // this run's ill health is counted already
	expect  bool   // the unit was there, and nobody of ours has stopped it
	broken  bool   // a restart of ours failed: if the unit ends now, that was us
	healthy time.Time
	total   int       // ends since the agent started
	refused installed // its release, that dynamic applications were not given
}

// observe takes in what the wanted unit of d looks like now; u is nil when there is none.
func (w *watch) observe(d *Desired, hasGood bool, u *Unit, b backoff, now time.Time) {
	if w.trouble.Revision != d.Revision {
		*w = watch{trouble: Trouble{Revision: d.Revision}, known: w.known, total: w.total}
	}
	if u == nil {
		w.known, w.exits, w.run, w.healthy = true, 0, "", time.Time{}
		return
	}
	if !w.known { // adopted: what it did before is not held against it
		w.known, w.exits = true, u.NRestarts
	}
	if u.Invocation != w.run {
		w.run, w.counted = u.Invocation, false
	}
	w.expect = w.expect || !u.Ended()
	w.broken = w.broken && !u.Running()
	w.countExits(u, hasGood, b, now)
	w.countHealth(d, hasGood, u, b, now)
}

func (w *watch) countExits(u *Unit, hasGood bool, b backoff, now time.Time) {
	n := u.exits()
	if n > w.exits {
		w.fail(n-w.exits, u.lastExit(), hasGood, b, now)
	}
	w.exits = n
}

func (w *watch) countHealth(d *Desired, hasGood bool, u *Unit, b backoff, now time.Time) {
	if !u.healthy() {
		w.healthy = time.Time{}
	}
	switch {
	case outOfPatience(d, u, now) && !w.counted:
		w.counted = true
		w.fail(1, healthWords(d, u), hasGood, b, now)
		w.trouble.GaveUp = hasGood
	case u.healthy() && w.healthy.IsZero():
		w.healthy = now
	case u.healthy() && w.trouble.Attempt > 0:
		w.trouble.Forgiven = now.Sub(w.healthy) >= b.healthy
	}
}

// fail counts n failures. The first one is left to PID 1 or mended at once; from the
// second on the agent waits, longer each time.
func (w *watch) fail(n int, why string, hasGood bool, b backoff, now time.Time) {
	t := &w.trouble
	w.total += n
	t.Attempt += n
	t.LastExit = why
	t.Forgiven = false
	t.GaveUp = t.GaveUp || hasGood && t.Attempt >= patience
	t.NextTry = time.Time{}
	if t.Attempt > 1 {
		t.NextTry = now.Add(b.delay(t.Attempt))
	}
}

// failStart counts a unit that could not be started at all: there is nothing that
// PID 1 could restart, so the agent waits from the first time on.
func (w *watch) failStart(why string, hasGood bool, b backoff, now time.Time) {
	w.fail(1, why, hasGood, b, now)
	w.trouble.NextTry = now.Add(b.delay(w.trouble.Attempt))
}

// stopIsOurs says that the unit, should it be gone soon, was stopped by the agent, or that
// its absence is explained.
func (w *watch) stopIsOurs() { w.expect = false }

// restartFailed says that a restart of ours did: if the unit ends now, that was us.
func (w *watch) restartFailed() { w.broken = true }

// forgive lets the revision be tried at once, whatever happened before.
func (w *watch) forgive() { w.trouble = Trouble{Revision: w.trouble.Revision} }

// byHand says whether the wanted unit was stopped by somebody else: it was there, it
// is not any more, and since every end by itself is followed by a restart, only a
// stop job can have done it.
func (w *watch) byHand(u *Unit) bool {
	if !w.expect || w.broken || (u != nil && !u.Ended()) {
		return false
	}
	return u == nil || (u.Result != "start-limit-hit" && u.Result != "resources")
}

// deadline is when the next look is due without any news; zero: never.
func (w *watch) deadline(d *Desired, u *Unit, b backoff, now time.Time) time.Time {
	var next time.Time
	earliest := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	earliest(w.trouble.NextTry)
	if u != nil && u.Running() && !u.healthy() {
		earliest(u.ActiveAt.Add(d.Manifest.Health.StartPeriod.Std() + time.Millisecond))
	}
	if w.trouble.Attempt > 0 && !w.healthy.IsZero() {
		earliest(w.healthy.Add(b.healthy))
	}
	return next
}

// outOfPatience says whether a unit that runs has been ill for too long.
func outOfPatience(d *Desired, u *Unit, now time.Time) bool {
	if !u.Running() || !u.Probed {
		return false
	}
	return u.Health.State == fact.Unhealthy ||
		u.Health.State == fact.Unknown && u.Health.Failures >= d.Manifest.Health.Failures &&
			now.Sub(u.ActiveAt) > d.Manifest.Health.StartPeriod.Std()
}

func healthWords(d *Desired, u *Unit) string {
	if u.Health.State == fact.Unknown {
		return fmt.Sprintf("not healthy within %s: %s", d.Manifest.Health.StartPeriod.Std(), u.Health.Problem)
	}
	return fmt.Sprintf("health check failed %d times: %s", u.Health.Failures, u.Health.Problem)
}
