package api

import (
	"context"
	"net/http"
	"time"
)

// Me is who asks, as the agent sees it, and what he may do.
type Me struct {
	By           string     `json:"by"`              // root, uid:N, token:ID, as in the log
	Token        string     `json:"token,omitempty"` // its name
	Role         Role       `json:"role"`
	Applications []string   `json:"applications"` // granted; "*": all
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
}

// Me asks what the client may do. A token without a role is answered with Forbidden, an agent
// of an earlier version with NotFound.
func (c *Client) Me(ctx context.Context) (out Me, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/me", nil, &out)
	return out, err
}
