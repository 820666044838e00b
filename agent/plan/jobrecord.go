package plan

import (
	"time"

	"github.com/nexushub/nexushub/units"
)

// JobRecord is what is remembered of a job, over restarts of the agent and of the host.
type JobRecord struct {
	Instance    string    `json:"instance"`
	Job         string    `json:"job"`
	Last        JobRun    `json:"last,omitzero"` // the last run that has ended
	LastSuccess time.Time `json:"last_success,omitzero"`
	Failures    int       `json:"failures,omitempty"` // since it is known
}

// JobRun is one run of a job that has ended.
type JobRun struct {
	Invocation string     `json:"invocation"`
	StartedAt  time.Time  `json:"started_at"`
	EndedAt    time.Time  `json:"ended_at"`
	Result     string     `json:"result"` // in systemd's words: success, exit-code, timeout, ...
	Exit       units.Exit `json:"exit,omitzero"`
}

// Interrupted is the result of a run whose end nobody saw: the host went down.
const Interrupted = "interrupted"

// Succeeded says that PID 1 has nothing against how it ended.
func (r JobRun) Succeeded() bool { return r.Result == "success" }

// Text is how it ended, in words.
func (r JobRun) Text() string {
	switch {
	case r.Succeeded():
		return r.Result
	case r.Result == Interrupted:
		return "interrupted: the host went down"
	case r.Exit.IsZero():
		return r.Result
	}
	return r.Exit.String()
}

// Codes of the end of a run that did not exit by itself, as shells and timeout(1) have them.
const (
	codeTimeout = 124
	codeSignal  = 128
)

// Code is the end of a run as the exit code of a command.
func (r JobRun) Code() int {
	switch {
	case r.Succeeded():
		return 0
	case r.Result == "timeout":
		return codeTimeout
	case r.Exit.Code == units.CodeExited && r.Exit.Status != 0:
		return r.Exit.Status
	case r.Exit.Code == units.CodeKilled || r.Exit.Code == units.CodeDumped:
		return codeSignal + r.Exit.Status
	}
	return 1
}

// EndOf is the last run of a Once, if it has ended.
func EndOf(s units.OnceStatus) (r JobRun, ok bool) {
	if s.Invocation == "" || !s.Over() {
		return r, false
	}
	r = JobRun{Invocation: s.Invocation, StartedAt: s.StartedAt, EndedAt: s.LastExit.At, Result: s.Result,
		Exit: s.LastExit}
	if r.StartedAt.IsZero() { // nothing of it was executed
		r.StartedAt = s.Since
	}
	if r.EndedAt.Before(r.StartedAt) { // its end is not that of a process
		r.EndedAt, r.Exit = s.Since, units.Exit{}
	}
	return r, true
}

// See takes in the last run that has ended, and reports whether it is news. What the clock says of when it
// began does not tell: somebody may have set it back.
func (j *JobRecord) See(r JobRun) bool {
	if r.Invocation == j.Last.Invocation {
		return false
	}
	j.Last = r
	if r.Succeeded() {
		j.LastSuccess = r.EndedAt
	} else {
		j.Failures++
	}
	return true
}

// Recall is See for a run that the journal tells of, which may be older than what is known.
func (j *JobRecord) Recall(r JobRun) bool {
	return !r.StartedAt.Before(j.Last.StartedAt) && j.See(r)
}
