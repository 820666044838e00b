package units

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// Stop stops an application's service with all that belongs to it, sockets first, for a
// connection in their queue would start it again. It returns when nothing is left;
// stopping what does not run succeeds.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	order := append(companions(unit), unit)
	rows, err := m.listUnits(ctx, order...)
	if err != nil {
		return fmt.Errorf("stop %s: %w", unit, err)
	}
	var faults []error // one that does not stop does not keep the others
	for _, name := range order {
		if slices.ContainsFunc(rows, func(r row) bool { return r.Name == name && !r.closesItself() }) {
			faults = append(faults, m.stopOne(ctx, name))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("stop %s: %w", unit, err)
	}
	return nil
}

// closesItself is true of a socket that PID 1 stops already, and that starts nothing from then on. When the host goes
// down, PID 1 stops sockets after services, nexushub-apps.service among them: who waits for them there waits for
// himself.
func (r row) closesItself() bool {
	return r.JobType == "stop" && strings.HasSuffix(r.Name, ".socket")
}

// stopOne stops one unit and lets PID 1 unload it.
func (m *Manager) stopOne(ctx context.Context, name string) error {
	st, err := m.Get(ctx, name)
	if errors.Is(err, ErrNoSuchUnit) {
		return nil
	}
	if err != nil {
		return err
	}
	st.Invocation = ""                            // whichever run it is by then
	if err := m.acquireJobSlot(ctx); err != nil { // no limit of its own counts while others stop
		return err
	}
	defer m.releaseJobSlot()
	ctx, cancel := context.WithTimeout(ctx, st.StopTimeout+margin)
	defer cancel()
	defer m.killOverdue(ctx, st)()
	if err := m.jobInSlot(ctx, name, "", "StopUnit", name, "replace"); err != nil && !m.gone(ctx, name) {
		return err
	}
	m.release(ctx, name)
	return nil
}

func (m *Manager) gone(ctx context.Context, name string) bool {
	st, err := m.Get(ctx, name)
	return errors.Is(err, ErrNoSuchUnit) || err == nil && st.Ended()
}

// clean takes away what a failed start left, even where its ctx is over.
func (m *Manager) clean(ctx context.Context, unit string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), margin)
	defer cancel()
	if err := m.Stop(ctx, unit); err != nil {
		m.opts.log.WarnContext(ctx, "a failed start could not be cleaned up", "unit", unit, "error", err)
		return
	}
	m.dropRef(unit) // also of one that was never made
}

// Restart stops and starts the service in place; its sockets stay open meanwhile.
func (m *Manager) Restart(ctx context.Context, unit string) error {
	st, err := m.Get(ctx, unit)
	if err != nil {
		return fmt.Errorf("restart %s: %w", unit, err)
	}
	ctx, cancel := context.WithTimeout(ctx, st.StopTimeout+st.StartTimeout+margin)
	defer cancel()
	defer m.killOverdue(ctx, st)()
	if err := m.job(ctx, unit, st.Invocation, "RestartUnit", unit, "replace"); err != nil {
		return fmt.Errorf("restart %s: %w", unit, err)
	}
	return nil
}

// ResetFailed sets the count of automatic restarts, and with it PID 1's own back-off,
// back to zero; a failed unit that nobody refers to is unloaded.
func (m *Manager) ResetFailed(ctx context.Context, unit string) error {
	if err := m.callManager(ctx, "ResetFailedUnit", []any{unit}); err != nil {
		return fmt.Errorf("reset %s: %w", unit, err)
	}
	return nil
}

// Kill sends a signal to the main process. PID 1 then does what Restart= says.
func (m *Manager) Kill(ctx context.Context, unit string, signal syscall.Signal) error {
	return m.signal(ctx, unit, "main", signal)
}

// End kills every process of a unit.
func (m *Manager) End(ctx context.Context, unit string) error {
	return m.signal(ctx, unit, "all", syscall.SIGKILL)
}

// signal does not hit a process that came after the one it was meant for: where the
// answer is lost, the unit is asked who runs.
func (m *Manager) signal(ctx context.Context, unit, whom string, signal syscall.Signal) error {
	meant, err := m.Get(ctx, unit)
	if err != nil {
		return fmt.Errorf("kill %s: %w", unit, err)
	}
	err = m.retryLost(ctx, func() error {
		now, err := m.Get(ctx, unit)
		if errors.Is(err, ErrNoSuchUnit) || err == nil &&
			(now.Invocation != meant.Invocation || now.MainPID != meant.MainPID) {
			return nil
		}
		return m.callOnce(ctx, systemdPath, managerInterface+"KillUnit", []any{unit, whom, int32(signal)})
	})
	if err != nil {
		return fmt.Errorf("kill %s: %w", unit, err)
	}
	return nil
}
