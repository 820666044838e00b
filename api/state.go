package api

// State is where an application stands, in one word.
type State string

// The states of an application.
const (
	StateUnknown    State = "unknown"     // PID 1 has not answered yet
	StatePending    State = "pending"     // wanted, nothing done yet
	StateBuilding   State = "building"    // of an application that has no release yet: its first one is built
	StateStarting   State = "starting"    // unit started, not yet healthy
	StateRunning    State = "running"     // unit active and healthy
	StateUnhealthy  State = "unhealthy"   // unit active, health check fails
	StateBackingOff State = "backing-off" // failed, waiting for the next try
	StateStopping   State = "stopping"
	StateStopped    State = "stopped" // by an operator
	StateFailed     State = "failed"  // cannot be started as it is
)

// Up says whether the application answers or is about to.
func (s State) Up() bool {
	return s == StateRunning || s == StateStarting || s == StateUnhealthy
}

// Settled says whether the state will last unless something happens.
func (s State) Settled() bool {
	switch s {
	case StateRunning, StateUnhealthy, StateBackingOff, StateStopped, StateFailed:
		return true
	}
	return false
}
