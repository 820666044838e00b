package api

import (
	"context"
	"net/http"
	"time"
)

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

// System describes the host and the agent.
func (c *Client) System(ctx context.Context) (out System, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/system", nil, &out)
	return out, err
}

// Waiting are keys of the configuration that have changed on disk, and the command that
// lets the daemon concerned take them up.
type Waiting struct {
	Command string   `json:"command"`
	Keys    []string `json:"keys"`
}

// Waiting says what of the configuration has not been taken up yet.
func (c *Client) Waiting(ctx context.Context) (out []Waiting, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/waiting", nil, &out)
	return out, err
}

// Task is one step that the reconciler would take, or is taking, and its reason.
type Task struct {
	Action   string `json:"action"` // start, replace, stop, route, ...
	Instance string `json:"instance"`
	Name     string `json:"name"`
	Unit     string `json:"unit,omitempty"`
	Reason   string `json:"reason"`
}

// Plan is what the reconciler would do now.
func (c *Client) Plan(ctx context.Context) (out []Task, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/plan", nil, &out)
	return out, err
}

// Route is one host name in the proxy's table.
type Route struct {
	Host        string     `json:"host"`                  // also "*.example.org", "example.org/docs"
	Strip       bool       `json:"strip,omitempty"`       // the application does not see the path of the host
	RedirectTo  string     `json:"redirect_to,omitempty"` // of an alias: the first host of the application
	Instance    string     `json:"instance"`
	Name        string     `json:"name"`
	Kind        string     `json:"kind"`
	State       string     `json:"state"` // ready, starting, down
	Target      string     `json:"target,omitempty"`
	Targets     []string   `json:"targets,omitempty"` // where there are several; Target is the first
	Address     string     `json:"address,omitempty"`
	StaticDir   string     `json:"static_dir,omitempty"`
	DevServer   string     `json:"dev_server,omitempty"`
	InFlight    int        `json:"in_flight"`
	Requests    uint64     `json:"requests"`
	LastRequest *time.Time `json:"last_request,omitempty"`
}

// Routes is the proxy's table in force.
func (c *Client) Routes(ctx context.Context) (out []Route, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/routes", nil, &out)
	return out, err
}

// Cert is one certificate that the proxy would present.
type Cert struct {
	Hosts     []string  `json:"hosts"`
	Source    string    `json:"source"` // file, local CA, ACME
	Path      string    `json:"path,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Error     string    `json:"error,omitempty"` // why it is not presented, or why clients refuse it
	Note      string    `json:"note,omitempty"`  // what else is worth knowing
}

// Certs lists the certificates that the proxy presents.
func (c *Client) Certs(ctx context.Context) (out []Cert, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/certs", nil, &out)
	return out, err
}
