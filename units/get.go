package units

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sync/errgroup"
)

// Get reads the state of one unit. A unit that is not loaded is ErrNoSuchUnit; asking
// never loads it, which would send signals that make others ask.
func (m *Manager) Get(ctx context.Context, unit string) (Status, error) {
	rows, err := m.listUnits(ctx, unit)
	if err != nil {
		return Status{}, err
	}
	if len(rows) == 0 {
		m.forget(unit)
		return Status{}, fmt.Errorf("%w: %s is not loaded", ErrNoSuchUnit, unit)
	}
	return m.readStatus(ctx, rows[0])
}

// unitProperties are those of the interface Unit that a row of the list does not tell.
// To ask for all would make PID 1 look through its folders for NeedDaemonReload.
var unitProperties = []string{"InvocationID", "StateChangeTimestamp", "ActiveEnterTimestamp", "FragmentPath",
	"DropInPaths"}

// readStatus reads what a row does not tell and remembers all of it.
func (m *Manager) readStatus(ctx context.Context, r row) (Status, error) {
	if r.Load == "not-found" {
		m.forget(r.Name)
		return Status{}, fmt.Errorf("%w: %s is not found", ErrNoSuchUnit, r.Name)
	}
	m.mu.Lock()
	before := m.record(r.Name).changes
	m.mu.Unlock()
	b, err := m.properties(ctx, r.Name)
	if err != nil {
		return Status{}, err
	}
	s := b.status(r)
	if s.Fragment == "" { // unloaded since the row was made: asking made an empty one
		m.forget(r.Name)
		return Status{}, fmt.Errorf("%w: %s is gone", ErrNoSuchUnit, r.Name)
	}
	s.measure()
	m.mu.Lock()
	defer m.mu.Unlock()
	rec := m.record(r.Name)
	rec.exited(s.LastExit)
	s.LastExit = rec.lastExit
	rec.status, rec.readAt, rec.read = s, before, true
	return s, nil
}

// properties asks for everything at once, on as many calls as that takes.
func (m *Manager) properties(ctx context.Context, unit string) (propertyMap, error) {
	values := make([]dbus.Variant, len(unitProperties))
	g, gctx := errgroup.WithContext(ctx)
	for i, name := range unitProperties {
		g.Go(func() error {
			return m.call(gctx, unitPath(unit), propertiesInterface+".Get", []any{unitInterface, name}, &values[i])
		})
	}
	var all map[string]dbus.Variant
	g.Go(func() error {
		return m.call(gctx, unitPath(unit), propertiesInterface+".GetAll", []any{kindInterface(unit)}, &all)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, name := range unitProperties {
		all[name] = values[i]
	}
	return all, nil
}
