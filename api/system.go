package api

import "time"

// System is the host and the agent itself: `nexushub status --system`.
type System struct {
	Version        string     `json:"version"`
	Commit         string     `json:"commit"`
	StartedAt      time.Time  `json:"started_at"`
	FirstReconcile *time.Time `json:"first_reconcile,omitempty"` // when the static applications had been dealt with
	LastReconcile  *time.Time `json:"last_reconcile,omitempty"`
	Domain         string     `json:"domain"`

	Systemd        string   `json:"systemd"` // version of PID 1
	CgroupV2       bool     `json:"cgroup_v2"`
	CannotEnforce  []string `json:"cannot_enforce,omitempty"` // in words
	Warnings       []string `json:"warnings,omitempty"`
	Connected      bool     `json:"connected"` // to PID 1
	ProxyConnected bool     `json:"proxy_connected"`
	Generation     uint64   `json:"generation"` // of the route table in force
	Listeners      []string `json:"listeners,omitempty"`
	CACert         string   `json:"ca_cert,omitempty"` // local CA to trust, if one is in use

	Providers []Provider    `json:"providers,omitempty"`
	States    map[State]int `json:"states"`
	DiskFree  uint64        `json:"disk_free"`
	DiskUsed  uint64        `json:"disk_used"` // by releases and uploads
}

// Provider is one source of desired instances and how it fares.
type Provider struct {
	Name      string     `json:"name"` // static, admin, debug
	Instances int        `json:"instances"`
	State     string     `json:"state"`
	Error     string     `json:"error,omitempty"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}
