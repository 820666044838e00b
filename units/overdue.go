package units

import (
	"context"
	"errors"
	"time"
)

// Overdue is what a unit gets beyond its own grace period, at the end of which PID 1
// kills it, before it is killed whatever it told PID 1 (EXTEND_TIMEOUT_USEC=).
const Overdue = 2 * time.Second

// killOverdue kills a run of a unit that is still on its way down when its grace period is
// over, and again every second: what forks faster than it is killed loses in the end.
// Call what it returns once the unit is down.
func (m *Manager) killOverdue(ctx context.Context, st Status) (enough func()) {
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

// killRun says that the run is over, or else when to look again; another run of the same
// unit is left alone, unless st names none.
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

// ending is the end of one run. It begins when the unit is first seen on its way down:
// not before PID 1 has begun, however long the bus was away, and not anew when the
// application lets PID 1 begin again (WATCHDOG=trigger).
type ending struct {
	grace time.Duration
	began time.Time
}

// due says whether the unit is to be killed now, and when to look again.
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
