package units

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// lostAfter is how often a waiter checks whether its job's signal was lost.
const lostAfter = 2 * time.Second

// errLost says that a job's result, or the very reply that names it, did not come.
var errLost = errors.New("the answer was lost")

// job queues a job for a unit and waits for its result, which must be "done". before is
// the invocation that a start or restart is to follow. When the answer is lost, the unit
// itself tells whether the job took place; if not, it is queued again.
func (m *Manager) job(ctx context.Context, unit, before, method string, args ...any) error {
	if err := m.acquireJobSlot(ctx); err != nil {
		return err
	}
	defer m.releaseJobSlot()
	return m.jobInSlot(ctx, unit, before, method, args...)
}

// acquireJobSlot waits until one more job may be in flight. Give it back by releaseJobSlot.
func (m *Manager) acquireJobSlot(ctx context.Context) error {
	select {
	case m.jobs <- struct{}{}:
		return nil
	case <-ctx.Done():
		return explain(ctx.Err())
	}
}

func (m *Manager) releaseJobSlot() { <-m.jobs }

func (m *Manager) jobInSlot(ctx context.Context, unit, before, method string, args ...any) error {
	for again := false; ; again = true {
		err := m.jobOnce(ctx, unit, method, args)
		late := again && errors.Is(err, ErrUnitExists) // the one that was lost has arrived
		if !late && !errors.Is(err, errLost) {
			return err
		}
		done, fault := m.awaitNoJob(ctx, unit, before, method == "StopUnit")
		if done || fault != nil {
			return fault
		}
		if late {
			return err
		}
	}
}

func (m *Manager) jobOnce(ctx context.Context, unit, method string, args []any) error {
	l, err := m.connected(ctx)
	if err != nil {
		return err
	}
	path, err := m.enqueue(ctx, l, method, args)
	if errors.Is(err, ErrDisconnected) {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	if err != nil {
		return err
	}
	return m.awaitJob(ctx, l, unit, path)
}

func (m *Manager) enqueue(ctx context.Context, l *link, method string, args []any) (dbus.ObjectPath, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var path dbus.ObjectPath
	err := m.callOn(ctx, l, systemdPath, managerInterface+method, args, &path)
	return path, err
}

// awaitJob waits for JobRemoved. The signal can be lost with the connection, so now and
// then the unit itself is asked whether the job is still there.
func (m *Manager) awaitJob(ctx context.Context, l *link, unit string, path dbus.ObjectPath) error {
	result := l.jobs.wait(path)
	defer l.jobs.forget(path)
	poll := time.NewTicker(lostAfter)
	defer poll.Stop()
	for {
		select {
		case r := <-result:
			return m.jobError(ctx, unit, r)
		case <-l.calls.Context().Done():
			return errLost
		case <-poll.C:
			if st, err := m.Get(ctx, unit); errors.Is(err, ErrNoSuchUnit) || err == nil && st.Job != string(path) {
				return errLost
			}
		case <-ctx.Done():
			return explain(ctx.Err())
		}
	}
}

// awaitNoJob waits until a unit has no job, and says whether it is then as the job would
// have left it. An error says that the job failed.
func (m *Manager) awaitNoJob(ctx context.Context, unit, before string, stopping bool) (done bool, err error) {
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		st, err := m.Get(ctx, unit)
		switch {
		case errors.Is(err, errOver):
			return false, err
		case errors.Is(err, ErrNoSuchUnit):
			return stopping, nil
		case err != nil || st.Job != "":
		case stopping:
			return st.Ended(), nil
		case st.Invocation == before: // it has not begun
			return false, nil
		case st.Running():
			return true, nil
		default:
			return false, failure(st, ErrJob)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false, explain(ctx.Err())
		}
	}
}

// jobError turns a job's result into an error that says how the process ended.
func (m *Manager) jobError(ctx context.Context, unit, result string) error {
	if result == "done" {
		return nil
	}
	cause := fmt.Errorf("%w: %s", ErrJob, result)
	st, err := m.Get(ctx, unit)
	if err != nil {
		return cause
	}
	return failure(st, cause)
}

func failure(st Status, cause error) error {
	if st.LastExit.IsZero() {
		return fmt.Errorf("%w (%s)", cause, st.Result)
	}
	if st.LastExit.Code == CodeExited && st.LastExit.Status == NotExecuted {
		return fmt.Errorf("%w: %w: %s", ErrExec, cause, st.LastExit)
	}
	return fmt.Errorf("%w: %s", cause, st.LastExit)
}
