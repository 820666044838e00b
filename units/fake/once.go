package fake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/units"
)

// once is a command that ends, as it is loaded.
type once struct {
	units.Once
	program Program
	status  units.OnceStatus
	end     *time.Timer
}

// interval is the schedule of every job here: nothing else of a calendar is played.
const interval = time.Hour

// Schedule is like the real one; Elapse plays the clock.
func (m *Manager) Schedule(_ context.Context, o units.Once) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := o.UnitName()
	if err := m.called("Schedule", name); err != nil {
		return err
	}
	if m.onces[name] != nil {
		return fmt.Errorf("schedule %s: %w", name, units.ErrUnitExists)
	}
	c, err := m.loadOnce(o)
	if err != nil {
		return err
	}
	c.status.Scheduled, c.status.Next = true, time.Now().Add(interval)
	c.status.ActiveState, c.status.SubState = "inactive", "dead"
	return nil
}

// Begin is like the real one.
func (m *Manager) Begin(_ context.Context, o units.Once) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := o.UnitName()
	if err := m.called("Begin", name); err != nil {
		return err
	}
	c := m.onces[name]
	if c != nil && (o.Schedule == "" || !c.status.Over()) {
		return fmt.Errorf("run %s: %w", name, units.ErrUnitExists)
	}
	if c == nil {
		var err error
		if c, err = m.loadOnce(o); err != nil {
			return err
		}
	}
	m.runOnce(c)
	return nil
}

// Discard is like the real one.
func (m *Manager) Discard(_ context.Context, name string, kill bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called("Discard", name); err != nil {
		return err
	}
	if c := m.onces[name]; c != nil {
		if !kill && !c.status.Over() {
			c.status.Scheduled = false
			return fmt.Errorf("discard %s: %w", name, units.ErrUnitExists)
		}
		if c.end != nil {
			c.end.Stop()
		}
		delete(m.onces, name)
		m.events.Put(units.Event{Unit: name})
	}
	return nil
}

// Onces is like the real one.
func (m *Manager) Onces(context.Context) ([]units.OnceStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.called("Onces", ""); err != nil {
		return nil, err
	}
	var out []units.OnceStatus
	for _, c := range m.onces {
		out = append(out, c.status)
	}
	slices.SortFunc(out, func(a, b units.OnceStatus) int { return strings.Compare(a.Unit, b.Unit) })
	return out, nil
}

// Elapse is what a timer does when it is due.
func (m *Manager) Elapse(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.onces[name]
	if c == nil || !c.status.Scheduled {
		return
	}
	c.status.Next = time.Now().Add(interval)
	if c.status.Over() {
		m.runOnce(c)
	}
}

// Reboot forgets all that runs.
func (m *Manager) Reboot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.units {
		m.remove(name)
	}
	for name, c := range m.onces {
		if c.end != nil {
			c.end.Stop()
		}
		delete(m.onces, name)
	}
}

// loadOnce checks and loads. The caller holds mu, as in all that follow.
func (m *Manager) loadOnce(o units.Once) (*once, error) {
	s := o.Spec
	s.Exec = o.Exec
	c := &once{Once: o, status: units.OnceStatus{Status: units.Status{
		Unit: o.UnitName(), App: s.Name, Instance: s.Instance, Release: s.Release, Revision: o.Spec.Revision(), Kind: s.Kind,
		Host: s.HostName, JobName: o.Job, Definition: o.Definition(), LoadState: "loaded",
	}}}
	if o.Job == "" {
		c.status.Process = units.ReleaseProcess
	}
	if m.Program != nil {
		c.program = m.Program(s)
	}
	if c.program.Missing {
		return nil, fmt.Errorf("%w: %s", units.ErrExec, s.Exec[0])
	}
	m.onces[c.status.Unit] = c
	return c, nil
}

func (m *Manager) runOnce(c *once) {
	m.pid++
	now := time.Now()
	s := &c.status
	s.ActiveState, s.SubState, s.Result, s.LastExit = "activating", "start", "success", units.Exit{}
	s.MainPID, s.Invocation, s.StartedAt, s.Since = m.pid, newInvocation(), now, now
	m.events.Put(units.Event{Unit: s.Unit})
	takes := c.program.Takes
	c.end = time.AfterFunc(takes, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.onces[s.Unit] == c {
			m.endOnce(c)
		}
	})
}

func (m *Manager) endOnce(c *once) {
	s := &c.status
	s.LastExit = units.Exit{At: time.Now(), PID: s.MainPID, Code: units.CodeExited, Status: c.program.Fails,
		Result: "success"}
	s.MainPID, s.Since = 0, s.LastExit.At
	switch {
	case c.program.Fails != 0:
		s.Result, s.LastExit.Result = "exit-code", "exit-code"
		s.ActiveState, s.SubState = "failed", "failed"
	case c.Schedule == "":
		s.ActiveState, s.SubState = "active", "exited"
	default:
		s.ActiveState, s.SubState = "inactive", "dead"
	}
	m.events.Put(units.Event{Unit: s.Unit})
}
