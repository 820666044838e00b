package plan

import (
	"strings"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/units"
)

// Unit is one revision of an instance as PID 1, the probes and the proxy know it.
type Unit struct {
	units.Status
	Health  fact.Health
	Probed  bool // Health means something
	Fresh   bool // it has not run for long enough to count as healthy
	Adopted bool // it ran before the agent did
	Drained bool // the proxy confirmed that nothing is in flight
}

// restarting says whether it crashed and PID 1 waits to start it again.
func (u *Unit) restarting() bool { return strings.Contains(u.SubState, "auto-restart") }

// exits counts its exits since a start job.
func (u *Unit) exits() int {
	if u.exited() {
		return u.NRestarts + 1
	}
	return u.NRestarts
}

// exited says whether its last run is over, other than by a stop.
func (u *Unit) exited() bool { return u.restarting() || u.ActiveState == "failed" }

// lastExitText says how it exited last.
func (u *Unit) lastExitText() string {
	if u.LastExit.IsZero() {
		return "ended"
	}
	return u.LastExit.String()
}

// Healthy says whether it may get requests.
func (u *Unit) Healthy() bool {
	return u.Running() && !u.Fresh && (!u.Probed || u.Health.State == fact.Healthy)
}
