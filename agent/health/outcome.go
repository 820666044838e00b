package health

import (
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

// Outcome is what one probe saw.
type Outcome struct {
	Code    int
	Body    string
	HTML    bool // it says that it is a page
	Latency time.Duration
	Late    bool  // there was no answer in time
	Err     error // nil: healthy
}

// following returns the result that follows r once o was seen at now.
func following(r fact.Health, o Outcome, now time.Time, threshold int) fact.Health {
	next := fact.Health{
		State: r.State, Since: r.Since,
		Code: o.Code, Body: o.Body, Latency: o.Latency, CheckedAt: now, Look: r.Look,
	}
	if o.Err == nil {
		next.State = fact.Healthy
	} else {
		next.Problem, next.Failures = o.Err.Error(), r.Failures+1
	}
	if next.State == fact.Healthy && next.Failures >= threshold {
		next.State = fact.Unhealthy
	}
	if next.State != r.State {
		next.Since = now
	}
	return next
}
