package units

import "time"

// record is what the Manager remembers about one unit between reads.
type record struct {
	changes  uint64 // signals so far
	readAt   uint64 // value of changes when status was asked for
	read     bool   // status was read at all
	status   Status
	lastExit Exit // the last one seen, which an automatic restart wipes from PID 1
	main     main // as the last signal had it
}

// main is the main process of a unit in a signal, which is a snapshot.
type main struct {
	pid       int
	startedAt time.Time
	text      string // StatusText
}

// fresh says that nothing was heard since the last read.
func (r *record) fresh() bool { return r.read && r.readAt == r.changes }

// exited keeps an exit unless a later one is known. A start edge carries no exit time, so
// it never counts as one.
func (r *record) exited(e Exit) {
	if !e.IsZero() && !e.At.Before(r.lastExit.At) {
		r.lastExit = e // the same one again may know more, such as that memory ran out
	}
}

// record returns the one of a unit. The caller holds m.mu.
func (m *Manager) record(unit string) *record {
	r := m.records[unit]
	if r == nil {
		r = &record{}
		m.records[unit] = r
	}
	return r
}

// recorded returns a copy of what is remembered about a unit.
func (m *Manager) recorded(unit string) record {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.records[unit]; r != nil {
		return *r
	}
	return record{}
}

// Recall enters how a unit's process ended before the Manager was there to see it, as
// the journal has it. What was seen since is newer, and stays.
func (m *Manager) Recall(unit string, e Exit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.record(unit)
	r.exited(e)
	r.changes++ // the status that is remembered lacks it
}

// changed notes a signal about a unit, with what it may carry, and passes it on.
func (m *Manager) changed(unit string, b propertyMap) {
	m.mu.Lock()
	r := m.record(unit)
	r.changes++
	r.exited(b.exit())
	if _, told := b["MainPID"]; told {
		r.main = b.main()
	}
	m.mu.Unlock()
	m.events.Put(Event{Unit: unit})
}

// forget drops what is remembered about a unit that is gone.
func (m *Manager) forget(unit string) {
	m.mu.Lock()
	delete(m.records, unit)
	m.mu.Unlock()
}
