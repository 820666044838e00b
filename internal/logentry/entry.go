// Package logentry is the form in which the log of an application crosses HTTP. The journal
// writes it and the client reads it, so that both mean the same.
package logentry

import (
	"encoding/json"
	"strconv"
	"time"
)

// The values of Entry.Source.
const (
	Stdout = "stdout"
	Stderr = "stderr"
	System = "system" // PID 1, journald, the agent, about the unit
)

// Entry is one line of an application's log.
type Entry struct {
	ID         string    `json:"id"` // the journal's cursor: sent back as Last-Event-ID, reading goes on behind it
	Timestamp  time.Time `json:"timestamp"`
	Level      string    `json:"level"`   // debug, info, warn, error
	Source     string    `json:"source"`  // stdout, stderr, system
	Message    string    `json:"message"` // valid UTF-8; other bytes are written as \xNN
	PID        int       `json:"pid"`
	ProcessID  int       `json:"processId"` // the same, for older clients
	Unit       string    `json:"unit"`
	Invocation string    `json:"invocation"`
	Process    string    `json:"process,omitempty"` // of the application; missing: the first replica of web
	Replica    int       `json:"replica,omitempty"` // of the process, from 1
}

// Gap says that lines are missing where it stands, and why.
type Gap struct {
	ID      string `json:"id,omitempty"`      // cursor to go on from, if the gap has one
	Reason  string `json:"reason"`            // vacuumed, suppressed, slow
	Dropped int64  `json:"dropped,omitempty"` // where the number is known
	Message string `json:"message"`
}

// AppendJSON appends what encoding/json would write, without its cost: all that
// applications print goes through here.
func (e *Entry) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"id":`...), e.ID)
	b = append(b, `,"timestamp":"`...)
	b = e.Timestamp.AppendFormat(b, time.RFC3339Nano)
	b = appendString(append(b, `","level":`...), e.Level)
	b = appendString(append(b, `,"source":`...), e.Source)
	b = appendString(append(b, `,"message":`...), e.Message)
	b = strconv.AppendInt(append(b, `,"pid":`...), int64(e.PID), 10)
	b = strconv.AppendInt(append(b, `,"processId":`...), int64(e.ProcessID), 10)
	b = appendString(append(b, `,"unit":`...), e.Unit)
	b = appendString(append(b, `,"invocation":`...), e.Invocation)
	if e.Process != "" {
		b = appendString(append(b, `,"process":`...), e.Process)
	}
	if e.Replica != 0 {
		b = strconv.AppendInt(append(b, `,"replica":`...), int64(e.Replica), 10)
	}
	return append(b, '}')
}

// appendString quotes plain text fast and leaves the rest to encoding/json.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil { // strings cannot fail
				quoted = []byte(`""`)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
