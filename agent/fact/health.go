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
	Look
}

// Look is what was found beyond its health: where it listens instead, before it is healthy, and what it
// answers to other questions once it is.
type Look struct {
	// Elsewhere are the addresses, parted by spaces, at which it listens while it refuses the
	// connections of its check, and has for long enough not to be on its way; empty: none that are known.
	Elsewhere string

	Looked   bool   // its front page has been asked for, if it is to be
	Front    int    // status of the answer to that; 0: there was none
	FrontTop string // how that answer begins: first 256 bytes
	Path     string // a well-known path that answers for its health in this run; empty: its own check holds
}
