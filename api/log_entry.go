package api

import "time"

// LogEntry is one line of an application's log. ID is the
// journal's cursor: send it back as Last-Event-ID to go on behind it.
type LogEntry struct {
	ID         string    `json:"id"`
	Timestamp  time.Time `json:"timestamp"`
	Level      string    `json:"level"`  // debug, info, warn, error
	Source     string    `json:"source"` // stdout, stderr, system
	Message    string    `json:"message"`
	PID        int       `json:"pid"`
	ProcessID  int       `json:"processId"` // the same, for older clients
	Unit       string    `json:"unit"`
	Invocation string    `json:"invocation"`
}

// LogGap says that lines are missing, and why.
type LogGap struct {
	ID      string `json:"id,omitempty"`
	Reason  string `json:"reason"`            // vacuumed, suppressed, slow
	Dropped int64  `json:"dropped,omitempty"` // where the number is known
	Message string `json:"message"`
}

// LogEvent is one or the other.
type LogEvent struct {
	Entry *LogEntry
	Gap   *LogGap
}
