package units

import "slices"

// PID 1 watches each client that holds a reference to a unit, or waits for a job, by a
// match rule of its own for each of them, and dbus-daemon grants a connection 512. One
// more, and PID 1 loses the bus: all jobs, references and subscriptions of everybody.
const (
	maxPins    = 200 // units we refer to; beyond that a unit stopped by hand is simply gone
	jobsAtOnce = 150
)

// pin says whether a unit may be referred to, and counts it.
func (m *Manager) pin(unit string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.pins[unit] && len(m.pins) >= maxPins {
		return false
	}
	m.pins[unit] = true
	return true
}

func (m *Manager) unpin(unit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pins, unit)
}

// pinned takes the reference out of a unit's properties where there are too many.
func (m *Manager) pinned(u unit) unit {
	isRef := func(p Property) bool { return p.Name == "AddRef" }
	if slices.ContainsFunc(u.Properties, isRef) && !m.pin(u.Name) {
		u.Properties = slices.DeleteFunc(slices.Clone(u.Properties), isRef)
	}
	return u
}
