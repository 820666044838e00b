package fact

import "time"

// HealthState is what the probes say so far.
type HealthState string

// Unknown holds until the first success; from then on it is one of the other two.
const (
	Unknown   HealthState = "unknown"
	Healthy   HealthState = "healthy"
	Unhealthy HealthState = "unhealthy"
)

// Health is the state with the evidence of the last probe. Code, Body and Problem
// are those of the last failure while there is one.
type Health struct {
	State     HealthState
	Since     time.Time // of State
	Failures  int       // consecutive
	Code      int
	Body      string // first 256 bytes
	Problem   string // in words; empty after a success
	Latency   time.Duration
	CheckedAt time.Time
}
