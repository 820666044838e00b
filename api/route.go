package api

import "time"

// Route is one host name in the proxy's table.
type Route struct {
	Host        string     `json:"host"`
	Instance    string     `json:"instance"`
	Name        string     `json:"name"`
	Kind        string     `json:"kind"`
	State       string     `json:"state"` // ready, starting, down
	Target      string     `json:"target,omitempty"`
	Address     string     `json:"address,omitempty"`
	StaticDir   string     `json:"static_dir,omitempty"`
	DevServer   string     `json:"dev_server,omitempty"`
	InFlight    int        `json:"in_flight"`
	Requests    uint64     `json:"requests"`
	LastRequest *time.Time `json:"last_request,omitempty"`
}
