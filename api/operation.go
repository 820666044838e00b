package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Operation is a call that its client did not wait for: it was sent with Prefer: respond-async.
type Operation struct {
	ID      string          `json:"id"`
	Call    string          `json:"call"`  // method and path
	State   string          `json:"state"` // running, done, failed
	BegunAt time.Time       `json:"begun_at"`
	EndedAt *time.Time      `json:"ended_at,omitempty"`
	Status  int             `json:"status,omitempty"`   // of the answer
	Answer  json.RawMessage `json:"answer,omitempty"`   // as it would have been given
	TraceID string          `json:"trace_id,omitempty"` // of the answer
}

// The words of Operation.State.
const (
	OperationRunning = "running"
	OperationDone    = "done"
	OperationFailed  = "failed"
)

// Operation asks how a call has gone.
func (c *Client) Operation(ctx context.Context, id string) (out Operation, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/operations/"+url.PathEscape(id), nil, &out)
	return out, err
}
