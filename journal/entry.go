package journal

import (
	"encoding/json"
	"strconv"
	"sync"
	"time"
)

// The words of Entry.Source.
const (
	Stdout = "stdout"
	Stderr = "stderr"
	System = "system" // PID 1, journald, the agent, about the unit
)

// Entry is one line of an application's log. Its JSON form is the `data` of contract
// section 1. Entries are shared between followers and must not be changed.
type Entry struct {
	ID         string // cursor to go on behind this entry
	Time       time.Time
	Priority   int    // 0 (emergency) to 7 (debug)
	Source     string // stdout, stderr, system
	Message    string // valid UTF-8; other bytes are written as \xNN
	PID        int
	Unit       string
	Invocation string
	Instance   string

	cursor    string
	at        cursor
	streamID  string // of a line from stdout or stderr
	continues bool   // the line goes on in the next entry of the stream

	encode  sync.Once
	event   []byte // as a server-sent event
	encoded []byte // the JSON in it
}

// Level is the priority in the contract's four words.
func (e *Entry) Level() string {
	switch {
	case e.Priority <= 3:
		return "error"
	case e.Priority == 4:
		return "warn"
	case e.Priority <= 6:
		return "info"
	}
	return "debug"
}

// MarshalJSON encodes an entry once for all its followers.
func (e *Entry) MarshalJSON() ([]byte, error) { return e.json(), nil }

func (e *Entry) json() []byte {
	e.encode.Do(e.encodeOnce)
	return e.encoded
}

func (e *Entry) sse() []byte {
	e.encode.Do(e.encodeOnce)
	return e.event
}

func (e *Entry) encodeOnce() {
	b := make([]byte, 0, len(e.Message)+2*len(e.ID)+400)
	b = append(append(b, "id: "...), e.ID...)
	b = append(b, "\nevent: log\ndata: "...)
	head := len(b)
	b = e.appendJSON(b)
	e.encoded = b[head:len(b):len(b)]
	e.event = append(b, "\n\n"...)
}

func (e *Entry) appendJSON(b []byte) []byte {
	pid := strconv.Itoa(e.PID)
	b = append(b, `{"id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"timestamp":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, e.Level()...)
	b = append(b, `","source":"`...)
	b = append(b, e.Source...)
	b = append(b, `","message":`...)
	b = appendString(b, e.Message)
	b = append(b, `,"pid":`...)
	b = append(b, pid...)
	b = append(b, `,"processId":`...)
	b = append(b, pid...)
	b = append(b, `,"unit":`...)
	b = appendString(b, e.Unit)
	b = append(b, `,"invocation":`...)
	b = appendString(b, e.Invocation)
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

// with returns a copy under another id and message, for a line put together from pieces.
func (e *Entry) with(id, message string) *Entry {
	return &Entry{
		ID: id, Time: e.Time, Priority: e.Priority, Source: e.Source, Message: message,
		PID: e.PID, Unit: e.Unit, Invocation: e.Invocation, Instance: e.Instance,
		cursor: e.cursor, at: e.at,
	}
}
