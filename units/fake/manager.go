// Package fake is an in-memory units.Manager for tests: no systemd, no process, no bus.
// It passes the same conformance suite as the real one (units/unitstest), keeps time by
// package time, so that it works within testing/synctest, and lets a test play the
// process (Exit, SetStatus), the operator (StopByHand) and a call that fails (Fail).
package fake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nexushub/nexushub/units"
)

// Manager is the fake. Make it with New, and run Run as with the real one.
type Manager struct {
	// Program says how the command of a Spec behaves; nil: all run until stopped.
	Program func(units.Spec) Program
	Caps    units.Capabilities

	// Building plays the builds; nil: they leave their folder as it is.
	Building func(ctx context.Context, b units.Build, look func() error) (units.Status, error)

	events *units.Queue

	mu    sync.Mutex // guards the fields that follow
	units map[string]*unit
	onces map[string]*once
	fail  map[string]error
	calls []string
	pid   int
}

// New makes a fake of systemd 257 that runs nothing.
func New() *Manager {
	return &Manager{
		Caps: units.Capabilities{Version: 257, UnifiedCgroups: true, Limits: true, PrivateNetwork: true,
			SocketProxy: "/usr/lib/systemd/systemd-socket-proxyd"},
		events: units.NewQueue(), units: map[string]*unit{}, onces: map[string]*once{}, fail: map[string]error{}, pid: 1000,
	}
}

// Run hands out events until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	m.events.Put(units.Event{Resync: true})
	return m.events.Run(ctx)
}

// Start is like the real one.
func (m *Manager) Start(ctx context.Context, s units.Spec, p units.Placement) error {
	if _, err := units.Properties(s, p, m.Caps); err != nil {
		return err
	}
	u, err := m.load(s, p)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.UnitName(), err)
	}
	if s.Notify && u.program.NotReady {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(s.StartSec * float64(time.Second))):
		}
		m.unload(s.UnitName())
		return fmt.Errorf("start %s: %w: timeout", s.UnitName(), units.ErrJob)
	}
	return nil
}

// Started is like the real one.
func (m *Manager) Started(s units.Spec, _ units.Placement) (units.Status, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.units[s.UnitName()]
	if u == nil || u.status.MainPID == 0 {
		return units.Status{}, false
	}
	return u.status, true
}

func (m *Manager) load(s units.Spec, p units.Placement) (*unit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := s.UnitName()
	if err := m.called("Start", name); err != nil {
		return nil, err
	}
	if old := m.units[name]; old != nil && !old.status.Ended() {
		return nil, units.ErrUnitExists
	}
	u := &unit{spec: s, status: units.Status{
		Unit: name, App: s.Name, Instance: s.Instance, Release: s.Release, Revision: s.Revision(), Kind: s.Kind,
		Host: s.HostName, Network: s.Network, Port: p.Port, Sandbox: units.SandboxVersion, InstalledBy: s.InstalledBy,
		Process: s.ProcessName(), Replica: s.ReplicaNumber(),
		UID: dynamicUser, LoadState: "loaded", ControlGroup: "/nexushub.slice/nexushub-apps.slice/" + name,
	}}
	if m.Program != nil {
		u.program = m.Program(s)
	}
	if u.program.Missing {
		return nil, fmt.Errorf("%w: %s", units.ErrExec, s.Exec[0])
	}
	m.units[name] = u
	m.begin(u)
	return u, nil
}

// dynamicUser is the first that systemd gives to a service.
const dynamicUser = 61184

func (m *Manager) unload(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(name)
}

func (m *Manager) remove(name string) {
	if u := m.units[name]; u != nil {
		if u.timer != nil {
			u.timer.Stop()
		}
		delete(m.units, name)
		m.events.Put(units.Event{Unit: name})
	}
}

// Recall is like the real one.
func (m *Manager) Recall(name string, e units.Exit) {
	_ = m.with("Recall", name, func(u *unit) {
		if u.status.LastExit.IsZero() {
			u.status.LastExit = e
		}
	})
}

// Describe names what a test may want to see of the unit's file.
func (m *Manager) Describe(_ context.Context, s units.Spec, p units.Placement) (string, error) {
	if _, err := units.Properties(s, p, m.Caps); err != nil {
		return "", err
	}
	return fmt.Sprintf("[Service]\nWorkingDirectory=%s\nEnvironment=PORT=%d\n", s.Directory, p.Port), nil
}

// Stop is like the real one.
func (m *Manager) Stop(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called("Stop", name); err != nil {
		return err
	}
	if u := m.units[name]; u != nil && u.program.Stops > 0 {
		u.status.ActiveState, u.status.SubState = "deactivating", "stop-sigterm"
		m.mu.Unlock()
		time.Sleep(u.program.Stops)
		m.mu.Lock()
	}
	m.remove(name)
	return nil
}

// Restart is like the real one.
func (m *Manager) Restart(_ context.Context, name string) error {
	return m.with("Restart", name, func(u *unit) {
		u.status.NRestarts = 0
		m.begin(u)
	})
}

// ResetFailed is like the real one.
func (m *Manager) ResetFailed(_ context.Context, name string) error {
	return m.with("ResetFailed", name, func(u *unit) { u.status.NRestarts = 0 })
}

// Kill is like the real one.
func (m *Manager) Kill(_ context.Context, name string, signal syscall.Signal) error {
	return m.with("Kill", name, func(u *unit) {
		if u.status.MainPID != 0 {
			m.end(u, units.Exit{Code: units.CodeKilled, Status: int(signal), Result: "signal"})
		}
	})
}

// End is like the real one.
func (m *Manager) End(ctx context.Context, name string) error {
	return m.Kill(ctx, name, syscall.SIGKILL)
}

// List is like the real one.
func (m *Manager) List(context.Context) ([]units.Status, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called("List", ""); err != nil {
		return nil, err
	}
	var out []units.Status
	for _, u := range m.units {
		out = append(out, u.status)
	}
	for _, c := range m.onces {
		if c.Job == "" {
			out = append(out, c.status.Status)
		}
	}
	slices.SortFunc(out, func(a, b units.Status) int { return strings.Compare(a.Unit, b.Unit) })
	return out, nil
}

// Get is like the real one.
func (m *Manager) Get(_ context.Context, name string) (s units.Status, err error) {
	m.mu.Lock()
	c := m.onces[name]
	if c != nil {
		s = c.status.Status
	}
	m.mu.Unlock()
	if c != nil {
		return s, nil
	}
	err = m.with("Get", name, func(u *unit) { s = u.status })
	return s, err
}

// Events is like the real one.
func (m *Manager) Events() <-chan units.Event { return m.events.Events() }

// Capabilities is what Caps says.
func (m *Manager) Capabilities() units.Capabilities { return m.Caps }

// Ping fails only as Fail says.
func (m *Manager) Ping(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.called("Ping", "")
}

// ListenAddresses knows of no socket of the host, except as Fail says.
func (m *Manager) ListenAddresses(_ context.Context, socketUnit string) ([]string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called("ListenAddresses", socketUnit); err != nil {
		return nil, false, err
	}
	return nil, false, units.ErrNoSuchUnit
}

func (m *Manager) with(call, name string, f func(*unit)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called(call, name); err != nil {
		return err
	}
	u := m.units[name]
	if u == nil {
		return fmt.Errorf("%s %s: %w", strings.ToLower(call), name, units.ErrNoSuchUnit)
	}
	f(u)
	return nil
}
