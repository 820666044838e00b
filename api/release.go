package api

import (
	"context"
	"net/http"
	"time"
)

// Release is one immutable unpacked package of an application.
type Release struct {
	ID          string     `json:"id"` // SHA-256 of the zip, or fingerprint of the folder
	InstalledAt *time.Time `json:"installed_at,omitempty"`
	InstalledBy string     `json:"installed_by,omitempty"` // root, uid:N, token:ID, access-token; empty: not recorded
	Size        int64      `json:"size,omitempty"`         // unpacked
	Current     bool       `json:"current"`
	Deployable  bool       `json:"deployable"` // still on disk, so one can roll back to it
}

// Releases lists what an application ran and could run again, newest first.
func (c *Client) Releases(ctx context.Context, app string) (out []Release, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "releases"), nil, &out)
	return out, err
}

// RollbackRequest names the release to go back to; empty means the previous one.
type RollbackRequest struct {
	Release string `json:"release,omitempty"`
}

// Rollback runs an older release through the same gate as a new one.
func (c *Client) Rollback(ctx context.Context, app, release string) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "rollback"), RollbackRequest{Release: release}, &out)
	return out, err
}
