package units

import (
	"context"
	"errors"

	"github.com/godbus/dbus/v5"
)

// launchSocket creates socket and service in one call, so that neither is ever seen
// alone, and then starts the service without waiting for a first connection.
func (m *Manager) launchSocket(ctx context.Context, s Spec, set []unit) error {
	service, socket := set[0], set[1]
	if err := m.startTransient(ctx, socket, []unit{service}); err != nil {
		return err
	}
	err := m.job(ctx, service.Name, invocation(service.Name), "StartUnit", service.Name, "replace")
	return m.forgiveEarlyExit(ctx, s, err)
}

// launchGuest starts the socket inside first, for it holds the network that the others
// join; the way in comes last, when there is somebody to lead to.
func (m *Manager) launchGuest(ctx context.Context, s Spec, set []unit) error {
	app, out, in := set[0], set[1:3], set[3:]
	if err := m.launchGates(ctx, app.Name, out); err != nil {
		return err
	}
	if err := s.prepareGuest(); err != nil {
		return err
	}
	if err := m.forgiveEarlyExit(ctx, s, m.startTransient(ctx, app, nil)); err != nil || len(in) == 0 {
		return err
	}
	return m.startTransient(ctx, in[0], in[1:])
}

// launchGates makes the way out. Gates that have outlived their application are in the way,
// and nobody else's.
func (m *Manager) launchGates(ctx context.Context, app string, out []unit) error {
	err := m.startTransient(ctx, out[0], out[1:])
	if !errors.Is(err, ErrUnitExists) || !m.gone(ctx, app) {
		return err
	}
	if err := m.Stop(ctx, app); err != nil {
		return err
	}
	return m.startTransient(ctx, out[0], out[1:])
}

// ListenAddresses returns where a socket unit is to listen, as PID 1 reports it: "[::]:8443",
// "/run/x.sock", and whether it does. Errors wrap ErrNoSuchUnit.
func (m *Manager) ListenAddresses(ctx context.Context, socketUnit string) (list []string, active bool, err error) {
	var path dbus.ObjectPath
	if err := m.callManager(ctx, "GetUnit", []any{socketUnit}, &path); err != nil {
		return nil, false, err
	}
	var listen []listener
	if err := m.property(ctx, path, socketInterface, "Listen", &listen); err != nil {
		return nil, false, err
	}
	for _, l := range listen {
		list = append(list, l.Address)
	}
	var state string
	err = m.property(ctx, path, unitInterface, "ActiveState", &state)
	return list, state == "active", err
}

func (m *Manager) property(ctx context.Context, path dbus.ObjectPath, of, name string, value any) error {
	var v dbus.Variant
	if err := m.call(ctx, path, propertiesInterface+".Get", []any{of, name}, &v); err != nil {
		return err
	}
	return dbus.Store([]any{v.Value()}, value)
}
