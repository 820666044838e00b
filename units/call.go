package units

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// callTimeout bounds every single call. PID 1 answers in milliseconds, except while it
// is reloading a thousand units.
const callTimeout = 25 * time.Second

// lossLimit is how long a call that was lost with its connection is repeated.
const lossLimit = time.Minute

// call calls PID 1 and stores the answer in out. It is for what may safely happen twice: a
// call that is lost with its connection is repeated on the next one. What must not happen
// twice is a job (transact.go) or uses callOnce.
func (m *Manager) call(ctx context.Context, path dbus.ObjectPath, method string, args []any, out ...any) error {
	return m.retryLost(ctx, func() error { return m.callOnce(ctx, path, method, args, out...) })
}

// callOnce does not repeat a lost call: after ErrDisconnected it is unknown whether PID 1
// received it. It waits for a connection if there is none.
func (m *Manager) callOnce(ctx context.Context, path dbus.ObjectPath, method string, args []any, out ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	l, err := m.connected(ctx)
	if err != nil {
		return err
	}
	return m.callOn(ctx, l, path, method, args, out...)
}

// callOn calls on a given link, and drops the link if the call finds it broken.
func (m *Manager) callOn(ctx context.Context, l *link, path dbus.ObjectPath, method string, args []any,
	out ...any) error {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return explain(ctx.Err())
	}
	m.stats.calls.Add(1)
	call := l.calls.Object(systemdName, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	if err := call.Err; err != nil {
		m.stats.errors.Add(1)
		if isTransport(err) {
			m.drop(l) // or the next call would take it for a connection, too
		}
		return explain(err)
	}
	if err := call.Store(out...); err != nil {
		return fmt.Errorf("answer to %s: %w", method, err)
	}
	return nil
}

// retryLost repeats ask while it is lost with its connection. Nothing else repeats calls;
// ask must be harmless when PID 1 receives it twice.
func (m *Manager) retryLost(ctx context.Context, ask func() error) error {
	limit := time.NewTimer(lossLimit)
	defer limit.Stop()
	for {
		err := ask()
		if !errors.Is(err, ErrDisconnected) || errors.Is(err, errOver) {
			return err
		}
		select {
		case <-time.After(m.opts.pause): // the bus may be up while PID 1 is not on it
		case <-limit.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

func (m *Manager) callManager(ctx context.Context, method string, args []any, out ...any) error {
	return m.call(ctx, systemdPath, managerInterface+method, args, out...)
}

// isTransport says that the connection itself failed. Which of these errors a call in flight
// gets depends on which side noticed first.
func isTransport(err error) bool {
	for _, closed := range []error{dbus.ErrClosed, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE,
		syscall.ECONNRESET} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}

// explain wraps a D-Bus error in one of ours, so that callers need not know D-Bus.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if isTransport(err) {
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	var e dbus.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Name {
	case "org.freedesktop.systemd1.NoSuchUnit":
		return fmt.Errorf("%w: %w", ErrNoSuchUnit, err)
	case "org.freedesktop.systemd1.UnitExists":
		return fmt.Errorf("%w: %w", ErrUnitExists, err)
	case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected",
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return err
}
