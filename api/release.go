package api

import (
	"context"
	"net/http"
	"time"
)

// Release is one immutable unpacked package of an application, with the settings that it served
// with: an edition, to which one can roll back.
type Release struct {
	ID          string     `json:"id"`                 // SHA-256 of the zip, or fingerprint of the folder
	Edition     string     `json:"edition"`            // RELEASE+SETTINGS, the latter 0 where nothing is set
	Settings    []string   `json:"settings,omitempty"` // that were set: config NAME, limits memory, access
	Changed     []string   `json:"changed,omitempty"`  // since the edition before: release, config NAME, ...
	InstalledAt *time.Time `json:"installed_at,omitempty"`
	InstalledBy string     `json:"installed_by,omitempty"` // root, uid:N, token:ID, access-token; empty: not recorded
	Size        int64      `json:"size,omitempty"`         // unpacked
	Current     bool       `json:"current"`                // what is wanted now
	Deployable  bool       `json:"deployable"`             // still on disk, so one can roll back to it
}

// Releases lists what an application ran and could run again, newest first.
func (c *Client) Releases(ctx context.Context, app string) (out []Release, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "releases"), nil, &out)
	return out, err
}

// RollbackRequest names the release or edition to go back to, or begins one; empty means the
// previous one.
type RollbackRequest struct {
	Release string `json:"release,omitempty"`
}

// Rollback runs an older release through the same gate as a new one.
func (c *Client) Rollback(ctx context.Context, app, release string) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "rollback"), RollbackRequest{Release: release}, &out)
	return out, err
}
