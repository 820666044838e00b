package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/internal/logentry"
)

// LogEntry is one line of an application's log.
type LogEntry = logentry.Entry

// LogSystem is the source of lines of PID 1, journald and the agent about the unit.
const LogSystem = logentry.System

// LogGap says that lines are missing, and why.
type LogGap = logentry.Gap

// LogEvent is one or the other.
type LogEvent struct {
	Entry *LogEntry
	Gap   *LogGap
}

// maxEvent bounds one server-sent event on the client's side.
const maxEvent = 8 << 20

// Logs streams an application's log from the control API, or without a name that of
// all applications. The query is that of
// the debug API (openapi.json); after is the id of the last entry seen, or empty.
func (c *Client) Logs(ctx context.Context, app string, q url.Values, after string) iter.Seq2[LogEvent, error] {
	if app == "" {
		return c.logs(ctx, "/v1/logs", q, after)
	}
	return c.logs(ctx, appPath(app, "logs"), q, after)
}

// Logs is Client.Logs through this API.
func (d Deployments) Logs(ctx context.Context, id string, q url.Values, after string) iter.Seq2[LogEvent, error] {
	return d.client.logs(ctx, d.of(id, "logs"), q, after)
}

func (c *Client) logs(ctx context.Context, path string, q url.Values, after string) iter.Seq2[LogEvent, error] {
	return func(yield func(LogEvent, error) bool) {
		header := http.Header{"Accept": {"text/event-stream"}}
		if after != "" {
			header.Set("Last-Event-ID", after)
		}
		res, err := c.send(ctx, http.MethodGet, path+"?"+q.Encode(), header, nil)
		if err != nil {
			yield(LogEvent{}, err)
			return
		}
		defer res.Body.Close()
		if err := readEvents(res.Body, func(e LogEvent) bool { return yield(e, nil) }); err != nil {
			yield(LogEvent{}, unreachable(ctx, err))
		}
	}
}

func readEvents(r io.Reader, yield func(LogEvent) bool) error {
	return readStream(r, func(kind, _, data string) (bool, error) {
		event, err := parseEvent(kind, data)
		return err == nil && yield(event), err
	})
}

// readStream parses server-sent events (WHATWG HTML, 9.2.6) as far as our servers
// use them: one data line per event, comments as heartbeats.
func readStream(r io.Reader, yield func(kind, id, data string) (more bool, err error)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxEvent)
	var kind, id, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			kind = value
		case field == "id":
			id = value
		case field == "data":
			data = value
		case lines.Text() == "" && data != "":
			if more, err := yield(kind, id, data); err != nil || !more {
				return err
			}
			kind, data = "", ""
		}
	}
	return lines.Err()
}

func parseEvent(kind, data string) (e LogEvent, err error) {
	switch kind {
	case "log":
		e.Entry = new(LogEntry)
		err = json.Unmarshal([]byte(data), e.Entry)
	case "gap":
		e.Gap = new(LogGap)
		err = json.Unmarshal([]byte(data), e.Gap)
	}
	if err != nil {
		return e, fmt.Errorf("event %q: %w", kind, err)
	}
	return e, nil
}
