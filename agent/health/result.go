package health

import "time"

// State is what the probes say so far.
type State string

// Unknown holds until the first success; from then on it is one of the other two.
const (
	Unknown   State = "unknown"
	Healthy   State = "healthy"
	Unhealthy State = "unhealthy"
)

// Result is the state with the evidence of the last probe. Code, Body and Problem
// are those of the last failure while there is one.
type Result struct {
	State     State
	Since     time.Time // of State
	Failures  int       // consecutive
	Code      int
	Body      string // first 256 bytes
	Problem   string // in words; empty after a success
	Latency   time.Duration
	CheckedAt time.Time
}

// Outcome is what one probe saw.
type Outcome struct {
	Code    int
	Body    string
	Latency time.Duration
	Err     error // nil: healthy
}

// after returns the result once o was seen at now.
func (r Result) after(o Outcome, now time.Time, threshold int) Result {
	next := Result{
		State: r.State, Since: r.Since,
		Code: o.Code, Body: o.Body, Latency: o.Latency, CheckedAt: now,
	}
	if o.Err == nil {
		next.State = Healthy
	} else {
		next.Problem, next.Failures = o.Err.Error(), r.Failures+1
	}
	if next.State == Healthy && next.Failures >= threshold {
		next.State = Unhealthy
	}
	if next.State != r.State {
		next.Since = now
	}
	return next
}
