package units

import "time"

// Started is the state of a service that Start has just started, put together from what
// the signals before the end of its job told, without a question to PID 1. It is good for
// going on at once; the figures and whatever happened since only Get knows. It is false
// where the process is not known to run.
func (m *Manager) Started(s Spec, place Placement) (Status, bool) {
	name := s.UnitName()
	r := m.recorded(name)
	now := time.Now()
	st := Status{
		Unit: name, Invocation: invocation(name), LoadState: "loaded", ActiveState: "active", SubState: "running", Result: "success",
		MainPID: r.main.pid, StartedAt: r.main.startedAt, StatusText: r.main.text, LastExit: r.lastExit, Since: now, ActiveAt: now,
	}
	st.owner(s.fields(place))
	return st, st.MainPID != 0 && st.Invocation != ""
}
