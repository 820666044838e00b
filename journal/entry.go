package journal

import (
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/logentry"
)

// Entry is one line of an application's log. Entries are shared between followers and
// must not be changed.
type Entry struct {
	logentry.Entry
	Priority int // 0 (emergency) to 7 (debug)
	Instance string

	cursor    string
	at        cursor
	streamID  string // of a line from stdout or stderr
	continues bool   // the line goes on in the next entry of the stream

	encode  sync.Once
	event   []byte // as a server-sent event
	encoded []byte // the JSON in it
}

func newEntry(r *record, source string) *Entry {
	e := &Entry{
		Entry: logentry.Entry{
			ID: r.cursor, Timestamp: time.UnixMicro(r.realtime).UTC(), Level: level(r.priority), Source: source,
			Message: safe(r.message, r.cut), PID: r.pid, ProcessID: r.pid,
		},
		Priority: r.priority, cursor: r.cursor, streamID: r.streamID, continues: r.continues(),
	}
	if at, err := parseCursor(r.cursor); err == nil {
		e.at = at
	}
	return e
}

// level names a priority as clients know it.
func level(priority int) string {
	switch {
	case priority <= 3:
		return "error"
	case priority == 4:
		return "warn"
	case priority <= 6:
		return "info"
	}
	return "debug"
}

// with returns a copy under another id and message, for a line put together from pieces.
func (e *Entry) with(id, message string) *Entry {
	out := &Entry{Entry: e.Entry, Priority: e.Priority, Instance: e.Instance, cursor: e.cursor, at: e.at}
	out.ID, out.Message = id, message
	return out
}

func (e *Entry) json() []byte {
	e.encode.Do(e.encodeOnce)
	return e.encoded
}

func (e *Entry) sse() []byte {
	e.encode.Do(e.encodeOnce)
	return e.event
}

// encodeOnce encodes an entry for all its followers.
func (e *Entry) encodeOnce() {
	b := make([]byte, 0, len(e.Message)+2*len(e.ID)+400)
	b = append(append(b, "id: "...), e.ID...)
	b = append(b, "\nevent: log\ndata: "...)
	head := len(b)
	b = e.AppendJSON(b)
	e.encoded = b[head:len(b):len(b)]
	e.event = append(b, "\n\n"...)
}
