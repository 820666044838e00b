package units

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sync/errgroup"
)

// Schedule makes the timer of a Once with its service, which then runs by the clock whatever
// becomes of us. One that is there already is ErrUnitExists. Errors wrap ErrSpec, ErrExec,
// ErrUnitExists, ErrJob, ErrTimeout or ErrDisconnected.
func (m *Manager) Schedule(ctx context.Context, o Once) error {
	service, err := m.compose(o)
	if err == nil {
		err = m.startTransient(ctx, o.timer(m.Capabilities()), []unit{service})
	}
	if err != nil {
		return fmt.Errorf("schedule %s: %w", o.UnitName(), err)
	}
	return nil
}

// Begin lets a Once run now and does not wait for its end. One that runs already is ErrUnitExists,
// and so is one without a schedule whose last result is still there. After ErrDisconnected it may
// have begun or not: it is not tried again, for nothing may run twice.
func (m *Manager) Begin(ctx context.Context, o Once) error {
	if err := m.begin(ctx, o); err != nil {
		return fmt.Errorf("run %s: %w", o.UnitName(), err)
	}
	return nil
}

func (m *Manager) begin(ctx context.Context, o Once) error {
	service, err := m.compose(o)
	if err != nil {
		return err
	}
	l, err := m.connected(ctx)
	if err != nil {
		return err
	}
	st, err := m.Get(ctx, service.Name)
	switch {
	case errors.Is(err, ErrNoSuchUnit):
		err = m.beginTransient(ctx, l, service)
	case err == nil && (o.Schedule == "" || !st.Over()):
		err = fmt.Errorf("%w: it is %s (%s)", ErrUnitExists, st.ActiveState, st.SubState)
	case err == nil:
		err = l.jobs.begin(ctx, func() (dbus.ObjectPath, error) {
			return m.enqueue(ctx, l, "StartUnit", []any{service.Name, "fail"})
		})
	}
	return err
}

// beginTransient keeps no place for a reference that PID 1 does not hold.
func (m *Manager) beginTransient(ctx context.Context, l *link, service unit) error {
	err := l.jobs.begin(ctx, func() (dbus.ObjectPath, error) {
		service = m.limitRef(service)
		return m.enqueue(ctx, l, "StartTransientUnit", []any{service.Name, "fail", service.Properties, []unit{}})
	})
	if err != nil && !errors.Is(err, ErrDisconnected) {
		m.dropRef(service.Name)
	}
	return err
}

// compose makes the service of a Once, with the folders that it needs.
func (m *Manager) compose(o Once) (unit, error) {
	p, err := o.properties(m.Capabilities())
	if err == nil {
		err = o.spec().checkExecutable(o.place())
	}
	if err == nil {
		err = o.Spec.mayPrepareGuest()
	}
	return unit{o.UnitName(), p}, err
}

// Discard stops the timer of a Once and lets PID 1 forget it, with its service. It returns when
// nothing is left; discarding what is not there succeeds. What runs is stopped only if kill says so:
// else it is left to end, without its timer, and the error is ErrUnitExists.
func (m *Manager) Discard(ctx context.Context, service string, kill bool) error {
	err := m.stopOne(ctx, timerOf(service))
	if err == nil && !kill {
		err = m.isOver(ctx, service)
	}
	if err == nil {
		err = m.stopOne(ctx, service)
	}
	if err != nil {
		return fmt.Errorf("discard %s: %w", service, err)
	}
	return nil
}

func (m *Manager) isOver(ctx context.Context, service string) error {
	st, err := m.Get(ctx, service)
	switch {
	case errors.Is(err, ErrNoSuchUnit):
		return nil
	case err == nil && !st.Over():
		return fmt.Errorf("%w: it is %s (%s)", ErrUnitExists, st.ActiveState, st.SubState)
	}
	return err
}

// Onces reads the state of every Once.
func (m *Manager) Onces(ctx context.Context) ([]OnceStatus, error) {
	rows, err := m.listUnits(ctx, JobPrefix+"*", ReleasePrefix+"*")
	if err != nil {
		return nil, err
	}
	all := map[string]*OnceStatus{}
	for _, r := range rows {
		all[serviceOf(r.Name)] = &OnceStatus{}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(callsAtOnce / 2)
	for _, r := range rows {
		into := all[serviceOf(r.Name)]
		g.Go(func() error {
			if strings.HasSuffix(r.Name, ".timer") {
				return m.readTimer(gctx, r, into)
			}
			s, err := m.readStatus(gctx, r)
			if into.Status = s; strings.Trim(s.Invocation, "0") == "" { // it never ran
				into.Invocation = ""
			}
			return ifThere(err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []OnceStatus
	for name, s := range all {
		s.Unit = name
		out = append(out, *s)
	}
	return out, nil
}

func (m *Manager) readTimer(ctx context.Context, r row, into *OnceStatus) error {
	var next uint64
	into.Scheduled = r.Active == "active"
	err := m.property(ctx, r.Path, timerInterface, "NextElapseUSecRealtime", &next)
	into.Next = timestamp(next)
	return ifThere(err)
}

// ifThere takes away the error of a unit that went while it was looked at.
func ifThere(err error) error {
	if errors.Is(err, ErrNoSuchUnit) {
		return nil
	}
	return err
}
