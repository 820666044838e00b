package units

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// launchSocket creates socket and service in one call, so that neither is ever seen
// alone, and then starts the service without waiting for a first connection.
func (m *Manager) launchSocket(ctx context.Context, s Spec, set []unit) error {
	service, socket := set[0], set[1]
	if err := m.startTransient(ctx, socket, []unit{service}); err != nil {
		return err
	}
	return m.began(ctx, s, m.job(ctx, service.Name, "StartUnit", service.Name, "replace"))
}

// launchGuest starts the application first: a gate that comes first gets a network
// namespace of its own and leads nowhere for good.
func (m *Manager) launchGuest(ctx context.Context, s Spec, set []unit) error {
	if err := s.prepareGuest(); err != nil {
		return err
	}
	if err := m.began(ctx, s, m.startTransient(ctx, set[0], nil)); err != nil {
		return err
	}
	for gates := set[1:]; len(gates) >= 2; gates = gates[2:] {
		if err := m.startTransient(ctx, gates[0], gates[1:2]); err != nil {
			return err
		}
	}
	return nil
}

// ListenAddresses tells where a socket unit listens, as PID 1 has it: "[::]:8443",
// "/run/x.sock". Errors wrap ErrNoSuchUnit.
func (m *Manager) ListenAddresses(ctx context.Context, socketUnit string) ([]string, error) {
	var path dbus.ObjectPath
	if err := m.callManager(ctx, "GetUnit", []any{socketUnit}, &path); err != nil {
		return nil, err
	}
	var v dbus.Variant
	if err := m.call(ctx, path, propsFace+".Get", []any{socketFace, "Listen"}, &v); err != nil {
		return nil, err
	}
	var listen []listener
	if err := dbus.Store([]any{v.Value()}, &listen); err != nil {
		return nil, err
	}
	out := make([]string, len(listen))
	for i, l := range listen {
		out[i] = l.Address
	}
	return out, nil
}
