package units

import (
	"context"
	"errors"
	"time"
)

// Overdue is what a unit gets beyond its own grace period, at the end of which PID 1
// kills it, before it is killed whatever it told PID 1 (EXTEND_TIMEOUT_USEC=).
const Overdue = 2 * time.Second

// insist kills a run of a unit that is still on its way down when its grace period is
// over, and again every second: what forks faster than it is killed loses in the end.
// Call what it returns once the unit is down.
func (m *Manager) insist(ctx context.Context, st Status) (enough func()) {
	if st.StopTimeout == 0 { // a socket, which has no processes
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		due := time.NewTimer(st.StopTimeout + Overdue)
		defer due.Stop()
		for {
			select {
			case <-due.C:
			case <-ctx.Done():
				return
			}
			if m.endRun(ctx, st) {
				return
			}
			due.Reset(time.Second)
		}
	}()
	return func() { cancel(); <-ended }
}

// endRun says that the run is over; another one of the same unit is left alone, unless
// st names none.
func (m *Manager) endRun(ctx context.Context, st Status) (over bool) {
	now, err := m.Get(ctx, st.Unit)
	if errors.Is(err, ErrNoSuchUnit) || err == nil && st.Invocation != "" && now.Invocation != st.Invocation {
		return true
	}
	if err != nil || !now.Stopping() {
		return false
	}
	m.opts.log.WarnContext(ctx, "does not stop within its grace period and is killed", "unit", st.Unit, "grace", st.StopTimeout)
	if err := m.End(ctx, st.Unit); err != nil && ctx.Err() == nil {
		m.opts.log.WarnContext(ctx, "cannot be killed", "unit", st.Unit, "error", err)
	}
	return false
}
