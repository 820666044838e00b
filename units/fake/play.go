package fake

import (
	"slices"
	"time"

	"github.com/nexushub/nexushub/units"
)

// Exit ends the main process of a unit as e says; PID 1 brings it back after 2 s.
func (m *Manager) Exit(name string, e units.Exit) error {
	return m.with("Exit", name, func(u *unit) { m.end(u, e) })
}

// SetStatus changes what PID 1 says about a unit, for example StatusText.
func (m *Manager) SetStatus(name string, change func(*units.Status)) error {
	return m.with("SetStatus", name, func(u *unit) {
		change(&u.status)
		m.events.Put(units.Event{Unit: name})
	})
}

// StopByHand is `systemctl stop`: the unit has ended, and stays to be read.
func (m *Manager) StopByHand(name string) error {
	return m.with("StopByHand", name, func(u *unit) {
		if u.timer != nil {
			u.timer.Stop()
		}
		s := &u.status
		now := time.Now()
		s.LastExit = units.Exit{At: now, PID: s.MainPID, Code: units.CodeKilled, Status: 15, Result: "success"}
		s.MainPID, s.ActiveState, s.SubState, s.Result, s.Since = 0, "inactive", "dead", "success", now
		m.events.Put(units.Event{Unit: name})
	})
}

// Fail makes a method fail until it is called with nil.
func (m *Manager) Fail(method string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail[method] = err
}

// Calls lists the calls so far that change something, "Start UNIT", oldest first.
func (m *Manager) Calls() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

// called notes a call and answers what Fail said. The caller holds mu.
func (m *Manager) called(method, name string) error {
	switch method {
	case "Start", "Stop", "Restart", "ResetFailed", "Kill", "Schedule", "Begin", "Discard":
		m.calls = append(m.calls, method+" "+name)
	}
	return m.fail[method]
}

// Spec is what a unit was started with.
func (m *Manager) Spec(name string) units.Spec {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u := m.units[name]; u != nil {
		return u.spec
	}
	return units.Spec{}
}
