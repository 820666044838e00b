package units

import "slices"

// PID 1 watches each client that holds a reference to a unit, or waits for a job, by a
// match rule of its own for each of them, and dbus-daemon grants a connection 512. One
// more, and PID 1 loses the bus: all jobs, references and subscriptions of everybody.
const (
	maxRefs     = 180 // units we refer to; beyond that a unit stopped by hand is simply gone
	onceRefs    = 60  // and release commands beyond that: one that is gone would run again
	jobsAtOnce  = 150
	begunAtOnce = 80 // commands that we have begun and do not wait for: the job is there as long as they run
)

// addRef says whether a unit may be referred to, and counts it.
func (m *Manager) addRef(unit string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := maxRefs
	if IsOnce(unit) {
		most += onceRefs
	}
	if !m.refs[unit] && len(m.refs) >= most {
		return false
	}
	m.refs[unit] = true
	return true
}

func (m *Manager) dropRef(unit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.refs, unit)
}

// limitRef takes the reference out of a unit's properties where there are too many.
func (m *Manager) limitRef(u unit) unit {
	isRef := func(p Property) bool { return p.Name == "AddRef" }
	if slices.ContainsFunc(u.Properties, isRef) && !m.addRef(u.Name) {
		u.Properties = slices.DeleteFunc(slices.Clone(u.Properties), isRef)
	}
	return u
}
