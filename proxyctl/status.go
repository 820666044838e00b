package proxyctl

import "time"

// Status is what GET /v1/status answers.
type Status struct {
	Generation uint64    `json:"generation"`
	StartedAt  time.Time `json:"started_at"`
	Version    string    `json:"version"`
	// Settings are the keys that it read at its start, as config.Settings writes them.
	Settings  map[string]string `json:"settings,omitempty"`
	Listeners []ListenerStatus  `json:"listeners"`
	Targets   []TargetStatus    `json:"targets"`
	Routes    []RouteStatus     `json:"routes"`
	Instances []InstanceStatus  `json:"instances"`
	CACert    string            `json:"ca_cert"`            // path of the local CA's root, empty when none is in use
	Problems  []string          `json:"problems,omitempty"` // with certificates, one sentence each
	InFlight  int64             `json:"in_flight"`
	Held      int64             `json:"held"`
	Conns     int64             `json:"connections"`
}

// ListenerStatus is one listening socket.
type ListenerStatus struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// TargetStatus counts the requests of one revision.
type TargetStatus struct {
	ID          string    `json:"id"`
	Address     string    `json:"address"`
	InFlight    int64     `json:"in_flight"`
	Requests    uint64    `json:"requests"`
	LastRequest time.Time `json:"last_request,omitzero"`
	Draining    bool      `json:"draining,omitempty"`
	Avoided     bool      `json:"avoided,omitempty"` // it failed a moment ago
	Tunnels     int       `json:"streams"`           // upgraded connections, such as WebSockets
}

// RouteStatus is one route as it is in force.
type RouteStatus struct {
	Instance string   `json:"instance"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	State    string   `json:"state"`
	Hosts    []string `json:"hosts"`
	Sites    []Site   `json:"sites,omitempty"`
	Target   string   `json:"target,omitempty"`  // its id; of several, the first one's
	Targets  []string `json:"targets,omitempty"` // the ids of several
	Address  string   `json:"address,omitempty"`
	Static   string   `json:"static,omitempty"`
	InFlight int64    `json:"in_flight"`
}

// InstanceStatus counts the requests of one instance, over all its revisions.
type InstanceStatus struct {
	Instance    string    `json:"instance"`
	LastRequest time.Time `json:"last_request,omitzero"`
	InFlight    int64     `json:"in_flight"`
	Requests    uint64    `json:"requests"`
	Errors      uint64    `json:"errors"` // answers with 5xx
}

// DrainRequest is the body of POST /v1/drain.
type DrainRequest struct {
	Target     string `json:"target"` // its ID
	DeadlineMS int64  `json:"deadline_ms"`
}

// DrainResult is what POST /v1/drain answers. InFlight is what was cut when TimedOut.
type DrainResult struct {
	InFlight int64 `json:"in_flight"`
	TimedOut bool  `json:"timed_out"`
}

// LocalCA is the Source of a certificate of the local authority.
const LocalCA = "local CA"

// CertInfo describes one certificate that the proxy would present.
type CertInfo struct {
	Hosts     []string  `json:"hosts"`
	Source    string    `json:"source"` // file, local CA, ACME
	Path      string    `json:"path,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Error     string    `json:"error,omitempty"` // why it is not presented, or why clients refuse it
	Note      string    `json:"note,omitempty"`  // what else is worth knowing
}
