package units

import (
	"context"
	"errors"
	"time"
)

// Overdue is how long a unit may outlive its own grace period, at the end of which PID 1
// kills it. Then we kill it, even if it asked PID 1 for more time (EXTEND_TIMEOUT_USEC=).
const Overdue = 2 * time.Second

// killOverdue kills a run of a unit that is still stopping after its grace period, and again
// every second: an application that forks faster than it is killed loses in the end. The
// caller calls done once the unit is down.
func (m *Manager) killOverdue(ctx context.Context, st Status) (done func()) {
	if st.StopTimeout == 0 { // a socket, which has no processes
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		end := ending{grace: st.StopTimeout}
		poll := time.NewTimer(Overdue) // what is down by then is not looked at
		defer poll.Stop()
		for {
			select {
			case <-poll.C:
			case <-ctx.Done():
				return
			}
			again, over := m.killRun(ctx, st, &end)
			if over {
				return
			}
			poll.Reset(again)
		}
	}()
	return func() { cancel(); <-ended }
}

// killRun kills the run if it is due. It returns whether the run is over, or else when to
// check again. Another run of the same unit is left alone, unless st names none.
func (m *Manager) killRun(ctx context.Context, st Status, end *ending) (again time.Duration, over bool) {
	now, err := m.Get(ctx, st.Unit)
	if errors.Is(err, ErrNoSuchUnit) || err == nil && st.Invocation != "" && now.Invocation != st.Invocation {
		return 0, true
	}
	if err != nil {
		return time.Second, false
	}
	again, due := end.due(now, time.Now())
	if !due {
		return again, false
	}
	m.opts.log.WarnContext(ctx, "unit did not stop within its grace period, killing it", "unit", st.Unit, "grace",
		st.StopTimeout)
	if err := m.End(ctx, st.Unit); err != nil && ctx.Err() == nil {
		m.opts.log.WarnContext(ctx, "unit cannot be killed", "unit", st.Unit, "error", err)
	}
	return again, false
}

// ending is the stop of one run. It begins when the unit is first seen stopping: not before
// PID 1 has begun, however long the bus was away, and not again when the application makes
// PID 1 start over (WATCHDOG=trigger).
type ending struct {
	grace time.Duration
	began time.Time
}

// due says whether the unit is to be killed now, and when to check again.
func (e *ending) due(st Status, now time.Time) (again time.Duration, due bool) {
	if !st.Stopping() {
		return time.Second, false
	}
	if e.began.IsZero() {
		e.began = st.Since
	}
	if left := e.began.Add(e.grace + Overdue).Sub(now); left > 0 {
		return left, false
	}
	return time.Second, true
}
