package api

import "github.com/nexushub/nexushub/internal/logentry"

// LogEntry is one line of an application's log.
type LogEntry = logentry.Entry

// LogGap says that lines are missing, and why.
type LogGap = logentry.Gap

// LogEvent is one or the other.
type LogEvent struct {
	Entry *LogEntry
	Gap   *LogGap
}
