package api

import "time"

// Release is one immutable unpacked package of an application.
type Release struct {
	ID          string     `json:"id"` // SHA-256 of the zip, or fingerprint of the folder
	InstalledAt *time.Time `json:"installed_at,omitempty"`
	InstalledBy string     `json:"installed_by,omitempty"` // root, uid:N, token:ID, access-token; empty: not recorded
	Size        int64      `json:"size,omitempty"`         // unpacked
	Current     bool       `json:"current"`
	Deployable  bool       `json:"deployable"` // still on disk, so one can roll back to it
}
