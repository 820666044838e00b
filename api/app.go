package api

import "time"

// App is one application as the agent sees it now: what `nexushub status` shows.
// Every figure comes from PID 1, the health checker or the reconciler, none from the
// memory of what was once asked for.
type App struct {
	ID          string `json:"id"`
	Name        string `json:"name"` // slug, unique among the applications of this host
	AppID       string `json:"app_id,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	HostName    string `json:"host_name"`
	Kind        string `json:"kind"` // static, dynamic, debug
	URL         string `json:"url"`
	Route       string `json:"route,omitempty"` // ready, starting, down; none while the proxy is away

	State    State      `json:"state"`
	Since    time.Time  `json:"since"`
	Why      string     `json:"why,omitempty"`
	Attempt  int        `json:"attempt,omitempty"`
	NextTry  *time.Time `json:"next_try,omitempty"`
	LastExit string     `json:"last_exit,omitempty"`

	Unit     string `json:"unit,omitempty"`
	PID      int    `json:"pid,omitempty"`
	Port     int    `json:"port,omitempty"`
	Release  string `json:"release,omitempty"`
	Revision string `json:"revision,omitempty"`
	Restarts int    `json:"restarts"`
	Health   Health `json:"health"`

	Memory   uint64   `json:"memory,omitempty"`
	CPUNSec  uint64   `json:"cpu_nsec,omitempty"`
	Tasks    uint64   `json:"tasks,omitempty"`
	Exposure *float64 `json:"exposure,omitempty"` // as systemd-analyze security counts
	// OldSandbox: what runs was started by an earlier version, and has its sandbox.
	OldSandbox bool   `json:"old_sandbox,omitempty"`
	Requests   uint64 `json:"requests,omitempty"` // answered since the proxy started
	InFlight   int    `json:"in_flight,omitempty"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // debug applications
	DropIns   []string   `json:"drop_ins,omitempty"`   // operator's overrides in force
}
