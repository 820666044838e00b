package plan

import "github.com/nexushub/nexushub/units"

// Restarts counts the starts of one unit after its first, whoever made them: PID 1, whose own
// count begins anew with each start job, the agent, or an operator. It compares what PID 1 says
// with what it said last, so that nothing is missed while no agent is there.
type Restarts struct {
	Count      int    `json:"count"`
	Invocation string `json:"invocation"`        // the last that was seen; empty: it was never started
	Automatic  int    `json:"automatic"`         // PID 1's own count, as it was seen last
	Pending    bool   `json:"pending,omitempty"` // PID 1 has counted a start that is still to come
}

// Failed counts a start that failed and left no unit behind that could be seen.
func (r *Restarts) Failed() {
	if r.Invocation != "" {
		r.Count++
	}
	r.Invocation, r.Automatic, r.Pending = "failed", 0, false
}

// See takes in what PID 1 says of the unit now, and reports whether it is news.
func (r *Restarts) See(s units.Status) bool {
	before := *r
	switch {
	case s.Invocation == "": // it was never started
		return false
	case r.Invocation == "":
		r.Count = s.NRestarts
	case s.Invocation == r.Invocation:
		// Less than before: the count was reset.
		r.Pending = r.Pending && s.NRestarts == r.Automatic || s.NRestarts > r.Automatic
		r.Count += max(0, s.NRestarts-r.Automatic)
	case s.NRestarts > r.Automatic:
		r.Count += s.NRestarts - r.Automatic
		r.Pending = false
	case s.NRestarts == r.Automatic && r.Pending:
		r.Pending = false
	default: // a start job, and what came after it
		r.Count += 1 + s.NRestarts
		r.Pending = false
	}
	r.Invocation, r.Automatic = s.Invocation, s.NRestarts
	return *r != before
}

// Missed is how many of n starts See does not find between what was seen and what PID 1 says now.
func (r Restarts) Missed(s units.Status, n int) int {
	if r.Pending {
		n-- // it is counted
	}
	after := r
	after.See(s)
	return max(0, n-(after.Count-r.Count))
}
