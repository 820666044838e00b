package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// margin is what PID 1 gets on top of a unit's own time limit before we stop waiting.
const margin = 90 * time.Second

// Start creates and starts the units of one revision as one transaction: it returns nil
// when the service has started (Type=exec: its command runs; notify: it said READY).
// Otherwise nothing is left behind, and the error says which job failed and how the
// process ended; it wraps ErrSpec, ErrExec, ErrUnitExists, ErrJob, ErrTimeout or
// ErrDisconnected.
func (m *Manager) Start(ctx context.Context, s Spec, place Placement) error {
	set, err := compose(s, place, m.Capabilities())
	if err != nil {
		return err
	}
	if err := s.checkExecutable(place); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit(s))
	defer cancel()
	if err := m.launch(ctx, s, set); err != nil {
		if !errors.Is(err, ErrUnitExists) { // else it is not ours to take away
			m.clean(ctx, s.UnitName())
		}
		return fmt.Errorf("start %s: %w", s.UnitName(), err)
	}
	return nil
}

// Started is the state of a service that Start has just started, put together from the
// signals before the end of its job, without a call. It is good enough to continue at once;
// only Get knows the figures and what has happened since. It is false unless the process is
// known to run.
func (m *Manager) Started(s Spec, place Placement) (Status, bool) {
	name := s.UnitName()
	r := m.recorded(name)
	now := time.Now()
	st := Status{
		Unit: name, Invocation: invocation(name), LoadState: "loaded", ActiveState: "active",
		SubState: "running", Result: "success",
		MainPID: r.main.pid, StartedAt: r.main.startedAt, StatusText: r.main.text,
		LastExit: r.lastExit, Since: now, ActiveAt: now,
	}
	st.owner(s.fields(place))
	return st, st.MainPID != 0 && st.Invocation != ""
}

func startLimit(s Spec) time.Duration {
	if s.StartSec == 0 {
		return time.Hour
	}
	return time.Duration(s.StartSec*float64(time.Second)) + margin
}

func (m *Manager) launch(ctx context.Context, s Spec, set []unit) error {
	switch {
	case s.HasSocket():
		return m.launchSocket(ctx, s, set)
	case s.Network == NetworkGuest:
		return m.launchGuest(ctx, s, set)
	}
	return m.forgiveEarlyExit(ctx, s, m.startTransient(ctx, set[0], nil))
}

// forgiveEarlyExit forgives a command that did begin but ended before PID 1 looked: whether such a
// job is "done" or "failed" is chance, and PID 1 brings the command back in either case.
func (m *Manager) forgiveEarlyExit(ctx context.Context, s Spec, err error) error {
	if s.Notify || !errors.Is(err, ErrJob) {
		return err
	}
	st, getErr := m.Get(ctx, s.UnitName())
	if getErr != nil || st.Ended() || st.LastExit.IsZero() || st.LastExit.beforeCommand() {
		return err
	}
	return nil
}

// startTransient creates a unit, with one beside it if aux is given, and waits for its
// job. What an earlier run of the same name left behind is cleared away once.
func (m *Manager) startTransient(ctx context.Context, u unit, aux []unit) error {
	create := func() error {
		beside := make([]unit, len(aux)) // never nil, which has no type on the bus
		for i, a := range aux {
			beside[i] = m.limitRef(a)
		}
		return m.job(ctx, u.Name, invocation(u.Name), "StartTransientUnit", u.Name, "replace", m.limitRef(u).Properties,
			beside)
	}
	err := create()
	if !errors.Is(err, ErrUnitExists) {
		return err
	}
	for _, old := range append(slices.Clone(aux), u) {
		if err := m.clear(ctx, old.Name); err != nil {
			return err
		}
	}
	return create()
}

// clear unloads a unit that has ended. One that lives, or that somebody wrote to disk,
// is not ours to take away.
func (m *Manager) clear(ctx context.Context, name string) error {
	st, err := m.Get(ctx, name)
	loaded := !errors.Is(err, ErrNoSuchUnit)
	if loaded && err != nil {
		return err
	}
	path := st.Fragment
	if path == "" || strings.HasPrefix(path, "/run/systemd/transient/") {
		path = fragment(name) // a transient unit that is still loaded hides it
	}
	if path != "" {
		return fmt.Errorf("%w: the file %s defines it, remove that file", ErrUnitExists, path)
	}
	if !loaded {
		return nil
	}
	if !st.Ended() {
		return fmt.Errorf("%w: it is %s (%s)", ErrUnitExists, st.ActiveState, st.SubState)
	}
	m.release(ctx, name)
	return nil
}

// fragment finds a file an operator wrote under the name of one of our units.
func fragment(name string) string {
	for _, dir := range []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system"} {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	return ""
}

// release lets PID 1 unload a unit that has ended. Every step may find it gone.
func (m *Manager) release(ctx context.Context, name string) {
	_ = m.callManager(ctx, "ResetFailedUnit", []any{name})
	_ = m.callManager(ctx, "UnrefUnit", []any{name})
	// PID 1 forgets to: a later unit of this name would inherit the fields.
	_ = os.Remove("/run/systemd/units/log-extra-fields:" + name)
	_ = os.RemoveAll(guestRoot(name))
	m.dropRef(name)
	m.forget(name)
}
