package units

import (
	"context"
	"errors"
	"os"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sync/errgroup"
)

// row is one line of ListUnitsByPatterns, type (ssssssouso).
type row struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	JobID                                           uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

func (r row) job() string {
	if r.JobPath == "/" {
		return ""
	}
	return string(r.JobPath)
}

// listUnits lists loaded units without loading any.
func (m *Manager) listUnits(ctx context.Context, patterns ...string) (out []row, err error) {
	err = m.callManager(ctx, "ListUnitsByPatterns", []any{[]string{}, patterns}, &out)
	return out, err
}

// listUnitsOn asks a link that is not the current one yet.
func (m *Manager) listUnitsOn(ctx context.Context, l *link, patterns ...string) (out []row, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = m.callOn(ctx, l, systemdPath, managerInterface+"ListUnitsByPatterns", []any{[]string{}, patterns}, &out)
	return out, err
}

// referenceAll holds a reference to our units, so that their end can be read however late we come.
func (m *Manager) referenceAll(ctx context.Context, l *link) error {
	rows, err := m.listUnitsOn(ctx, l, ofApplications...)
	if err != nil {
		return err
	}
	m.mu.Lock()
	clear(m.refs) // those of the link before died with it
	m.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(callsAtOnce)
	for _, r := range rows {
		if !m.addRef(r.Name) {
			break
		}
		g.Go(func() error {
			err := m.callOn(ctx, l, systemdPath, managerInterface+"RefUnit", []any{r.Name})
			if errors.Is(err, ErrDisconnected) || errors.Is(err, ErrTimeout) {
				return err
			}
			if err != nil { // gone in between, or masked: no reason to give up the others
				m.dropRef(r.Name)
				m.opts.log.DebugContext(ctx, "unit cannot be referenced", "unit", r.Name, "error", err)
			}
			return nil
		})
	}
	return g.Wait()
}

// ofApplications are the patterns of what List reads.
var ofApplications = []string{Prefix + "*.service", ReleasePrefix + "*.service"}

// List reads the state of every unit of an application, release commands included. Units of which nothing was heard
// and whose state, job and invocation are as remembered are not read again.
func (m *Manager) List(ctx context.Context) ([]Status, error) {
	rows, err := m.listUnits(ctx, ofApplications...)
	if err != nil {
		return nil, err
	}
	m.retain(rows)
	found := make([]Status, len(rows))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(callsAtOnce / 2) // leave room for whoever starts and stops
	for i, r := range rows {
		if s, ok := m.remembered(r); ok {
			found[i] = s
			continue
		}
		g.Go(func() (err error) {
			if found[i], err = m.readStatus(gctx, r); errors.Is(err, ErrNoSuchUnit) {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return compact(found), nil
}

func compact(in []Status) []Status {
	out := in[:0]
	for _, s := range in {
		if s.Unit != "" {
			out = append(out, s)
		}
	}
	return out
}

// remembered returns a status that needs no reading. PID 1 holds back some signals
// under load, so silence alone is not believed.
func (m *Manager) remembered(r row) (Status, bool) {
	m.mu.Lock()
	rec := m.records[r.Name]
	ok := rec != nil && rec.fresh()
	var s Status
	if ok {
		s = rec.status
	}
	m.mu.Unlock()
	same := ok && s.ActiveState == r.Active && s.SubState == r.Sub && s.Job == r.job() &&
		(s.MainPID == 0 || s.Invocation == invocation(r.Name))
	if same {
		s.measure()
	}
	return s, same
}

// invocation reads the link PID 1 keeps for journald: no call, no load.
func invocation(unit string) string {
	id, err := os.Readlink("/run/systemd/units/invocation:" + unit)
	if err != nil {
		return ""
	}
	return id
}

// retain forgets units that PID 1 no longer knows.
func (m *Manager) retain(rows []row) {
	loaded := make(map[string]bool, len(rows))
	for _, r := range rows {
		loaded[r.Name] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, r := range m.records {
		if !loaded[name] && r.fresh() && !IsJob(name) {
			delete(m.records, name)
		}
	}
}
