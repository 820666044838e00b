package journal

import (
	"encoding/json"
	"time"

	"github.com/nexushub/nexushub/internal/termtext"
)

// Format is one of the forms in which a log crosses HTTP.
type Format string

// The formats that a log can be asked for in.
const (
	SSE    Format = "sse"
	NDJSON Format = "ndjson"
	Text   Format = "text"
)

// ContentType is the media type of the format.
func (f Format) ContentType() string {
	switch f {
	case NDJSON:
		return "application/x-ndjson"
	case Text:
		return "text/plain; charset=utf-8"
	}
	return "text/event-stream"
}

// begin is what stands before the first item.
func (f Format) begin() []byte {
	if f == SSE {
		return []byte("retry: 2000\n\n")
	}
	return nil
}

// beat is a sign of life that readers ignore.
func (f Format) beat() []byte {
	if f == SSE {
		return []byte(": alive\n\n")
	}
	return nil
}

func (f Format) append(b []byte, i Item) ([]byte, error) {
	if i.Gap != nil {
		return f.appendGap(b, i.Gap)
	}
	switch f {
	case Text:
		return i.Entry.AppendText(b), nil
	case NDJSON:
		return append(append(b, i.Entry.json()...), '\n'), nil
	}
	return append(b, i.Entry.sse()...), nil
}

func (f Format) appendGap(b []byte, g *Gap) ([]byte, error) {
	if f == Text {
		return append(append(append(b, "-- "...), termtext.Text(g.Message)...), " --\n"...), nil
	}
	data, err := json.Marshal(g.Gap)
	if err != nil {
		return b, err
	}
	if f == NDJSON {
		return append(append(append(b, `{"gap":`...), data...), "}\n"...), nil
	}
	if g.ID != "" {
		b = append(append(append(b, "id: "...), g.ID...), '\n')
	}
	return append(append(append(b, "event: gap\ndata: "...), data...), "\n\n"...), nil
}

// AppendText writes an entry as a line for people, safe for a terminal.
func (e *Entry) AppendText(b []byte) []byte {
	b = e.Timestamp.AppendFormat(b, time.RFC3339Nano[:19]+".000Z")
	b = append(append(b, ' '), e.Source...)
	b = append(append(b, ' '), e.Level...)
	b = append(append(b, ' '), termtext.Text(e.Message)...)
	return append(b, '\n')
}
