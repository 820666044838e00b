package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"
)

// StateEvent is one change of the state of an application, or how it stands.
type StateEvent struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"` // since when
	Instance string    `json:"instance"`
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	State    State     `json:"state"`
	Before   State     `json:"before,omitempty"`
	Why      string    `json:"why,omitempty"`
	Removed  bool      `json:"removed,omitempty"` // it is gone; State is the last that it had
}

// StateEvents are what follows upon one another. Where Snapshot is set, they are how all applications stand, and
// what was told before is to be forgotten.
type StateEvents struct {
	Snapshot bool
	Events   []StateEvent
	ID       string // of the last
}

// StateEvents follows the states of all applications that the client may see; after is the ID of the last that was
// seen, or empty.
func (c *Client) StateEvents(ctx context.Context, after string) iter.Seq2[StateEvents, error] {
	return func(yield func(StateEvents, error) bool) {
		header := http.Header{"Accept": {"text/event-stream"}}
		if after != "" {
			header.Set("Last-Event-ID", after)
		}
		res, err := c.send(ctx, http.MethodGet, "/v1/events", header, nil)
		if err != nil {
			yield(StateEvents{}, err)
			return
		}
		defer res.Body.Close()
		err = readStream(res.Body, func(kind, id, data string) (bool, error) {
			e := StateEvents{ID: id, Snapshot: kind == "snapshot"}
			if e.Snapshot {
				err = json.Unmarshal([]byte(data), &e.Events)
			} else {
				e.Events = make([]StateEvent, 1)
				err = json.Unmarshal([]byte(data), &e.Events[0])
			}
			if err != nil {
				return false, fmt.Errorf("event %q: %w", kind, err)
			}
			return yield(e, nil), nil
		})
		if err != nil {
			yield(StateEvents{}, unreachable(ctx, err))
		}
	}
}
