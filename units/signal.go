package units

import (
	"context"
	"strings"

	"github.com/godbus/dbus/v5"
)

// readSignals takes signals until the link is lost or ctx ends. It does no I/O: PID 1 holds
// back signals from everybody while one reader is slow.
func (m *Manager) readSignals(ctx context.Context, l *link) {
	for {
		select {
		case s, ok := <-l.inbox:
			if !ok {
				return
			}
			m.stats.signals.Add(1)
			m.onSignal(ctx, l, s)
		case <-l.calls.Context().Done():
			return
		case <-l.signals.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func (m *Manager) onSignal(ctx context.Context, l *link, s *dbus.Signal) {
	switch s.Name {
	case propertiesInterface + ".PropertiesChanged":
		m.onPropertiesChanged(s)
	case managerInterface + "JobRemoved":
		m.onJobRemoved(l, s)
	case managerInterface + "UnitRemoved":
		if unit, _ := arg[string](s, 0); ours(unit) {
			m.changed(serviceOf(unit), nil)
		}
	case managerInterface + "Reloading":
		if begins, ok := arg[bool](s, 0); ok && !begins {
			m.events.Put(Event{Resync: true})
		}
	case "org.freedesktop.DBus.NameOwnerChanged":
		if owner, ok := arg[string](s, 2); ok && owner != "" {
			m.opts.log.InfoContext(ctx, "systemd was re-executed")
			l.close() // start over: what it kept is not documented
		}
	}
}

// onPropertiesChanged takes the exit out of a signal at once, because an automatic restart may
// wipe it before anybody reads.
func (m *Manager) onPropertiesChanged(s *dbus.Signal) {
	if !isOurPath(string(s.Path)) {
		return
	}
	unit := unescape(strings.TrimPrefix(string(s.Path), unitDir))
	values, _ := arg[map[string]dbus.Variant](s, 1)
	m.changed(serviceOf(unit), propertyMap(values))
}

func (m *Manager) onJobRemoved(l *link, s *dbus.Signal) {
	job, _ := arg[dbus.ObjectPath](s, 1)
	unit, _ := arg[string](s, 2)
	result, _ := arg[string](s, 3)
	if !ours(unit) && !strings.HasPrefix(unit, gatePrefix) && !strings.HasPrefix(unit, BuildPrefix) {
		return
	}
	l.jobs.removed(job, result)
	if ours(unit) && strings.HasSuffix(unit, ".service") {
		m.changed(unit, nil)
	}
}

func arg[T any](s *dbus.Signal, i int) (T, bool) {
	var zero T
	if i >= len(s.Body) {
		return zero, false
	}
	v, ok := s.Body[i].(T)
	return v, ok
}
