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

// call asks PID 1 and stores the answer in out. It waits for a connection if need be.
func (m *Manager) call(ctx context.Context, path dbus.ObjectPath, method string, args []any, out ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	l, err := m.connected(ctx)
	if err != nil {
		return err
	}
	return m.callOn(ctx, l, path, method, args, out...)
}

func (m *Manager) callOn(ctx context.Context, l *link, path dbus.ObjectPath, method string, args []any, out ...any) error {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return explain(ctx.Err())
	}
	m.stats.calls.Add(1)
	call := l.calls.Object(systemdName, path).CallWithContext(ctx, method, 0, args...)
	if err := call.Err; err != nil {
		m.stats.errors.Add(1)
		return explain(err)
	}
	if err := call.Store(out...); err != nil {
		return fmt.Errorf("answer to %s: %w", method, err)
	}
	return nil
}

// reading repeats a question whose answer went down with the connection: asking twice
// does no harm.
func (m *Manager) reading(ctx context.Context, ask func() error) error {
	for range 5 {
		if err := ask(); !errors.Is(err, ErrDisconnected) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond): // until the loss is noticed here too
		case <-ctx.Done():
			return explain(ctx.Err())
		}
	}
	return ask()
}

func (m *Manager) callManager(ctx context.Context, method string, args []any, out ...any) error {
	return m.call(ctx, systemdPath, managerFace+method, args, out...)
}

// isTransport says that the connection itself failed. Which error a call gets that was in
// flight depends on which side noticed first.
func isTransport(err error) bool {
	for _, closed := range []error{dbus.ErrClosed, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}

// explain puts our sentinel before what D-Bus says, so that callers need no D-Bus words.
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
	case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected", "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return err
}
