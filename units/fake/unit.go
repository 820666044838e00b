package fake

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/nexushub/nexushub/units"
)

// restartDelay is RestartUSec of the real properties.
const restartDelay = 500 * time.Millisecond

// Program is how a command behaves. The zero value runs, and is ready, until stopped.
type Program struct {
	Missing  bool // cannot be executed
	Fails    int  // exits at once with this status
	NotReady bool // Type=notify: never says READY

	Stops time.Duration // until it has stopped
	Takes time.Duration // units.Once: until it ends, with Fails as its status
}

// unit is one that is loaded.
type unit struct {
	spec    units.Spec
	program Program
	status  units.Status
	timer   *time.Timer // the automatic restart
}

// begin starts the process of a unit. The caller holds mu, as in all that follow.
func (m *Manager) begin(u *unit) {
	m.pid++
	now := time.Now()
	s := &u.status
	s.ActiveState, s.SubState, s.Result = "active", "running", "success"
	s.MainPID, s.Invocation = m.pid, newInvocation()
	s.Since, s.ActiveAt, s.StartedAt = now, now, now
	s.StatusText = ""
	if u.spec.Notify && u.program.NotReady {
		s.ActiveState, s.SubState = "activating", "start"
	}
	m.events.Put(units.Event{Unit: s.Unit})
	if u.program.Fails != 0 {
		m.end(u, units.Exit{Code: units.CodeExited, Status: u.program.Fails, Result: "exit-code"})
	}
}

// end is the end of the process, which PID 1 brings back after a while.
func (m *Manager) end(u *unit, e units.Exit) {
	s := &u.status
	e.At, e.PID = time.Now(), s.MainPID
	s.LastExit, s.MainPID, s.Result = e, 0, e.Result
	s.ActiveState, s.SubState, s.Since = "activating", "auto-restart", e.At
	m.events.Put(units.Event{Unit: s.Unit})
	u.timer = time.AfterFunc(restartDelay, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.units[s.Unit] == u && s.SubState == "auto-restart" {
			s.NRestarts++
			m.begin(u)
		}
	})
}

func newInvocation() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
