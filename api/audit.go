package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// AuditEntry is one call that changed something, or would have.
type AuditEntry struct {
	ID       string    `json:"id"` // cursor
	Time     time.Time `json:"time"`
	By       string    `json:"by"`                // root, uid:N, token:ID, access-token
	Token    string    `json:"token,omitempty"`   // its name
	From     string    `json:"from"`              // socket, ssh, https
	Address  string    `json:"address,omitempty"` // of who came over https
	PID      int       `json:"pid,omitempty"`     // of who came over the socket
	Call     string    `json:"call"`              // method and route
	App      string    `json:"app,omitempty"`     // as it is granted: app id, or else name
	Instance string    `json:"instance,omitempty"`
	Changed  []string  `json:"changed,omitempty"` // kind and name, never a value
	Result   string    `json:"result"`            // done, refused, failed
	Status   int       `json:"status"`
	TraceID  string    `json:"trace_id"`
}

// Audit lists what was changed, in order. The query has app, by, since, until, lines, after and wait.
func (c *Client) Audit(ctx context.Context, q url.Values) (out []AuditEntry, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/audit?"+q.Encode(), nil, &out)
	return out, err
}
