package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// App is one application as the agent sees it now: what `nexushub status` shows.
// Every figure comes from PID 1, the health checker or the reconciler, none from the
// memory of what was once asked for.
type App struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"` // slug, unique among the applications of this host
	AppID       string    `json:"app_id,omitempty"`
	DisplayName string    `json:"display_name,omitempty"`
	HostName    string    `json:"host_name"`
	Hosts       []AppHost `json:"hosts,omitempty"` // all of them, HostName's first
	Kind        string    `json:"kind"`            // static, deployed, dynamic, debug
	URL         string    `json:"url"`
	Access      string    `json:"access,omitempty"`      // areas, open, private
	Roles       []string  `json:"roles,omitempty"`       // of a private one: one of them is needed; none: any person
	Bypassable  bool      `json:"bypassable,omitempty"`  // private, and every application of the host reaches it past the proxy
	AccessFrom  string    `json:"access_from,omitempty"` // policy, apps.d, settings, manifest, detection, default
	Recognised  string    `json:"recognised,omitempty"`  // what its package was taken for, and why
	Settings    []string  `json:"settings,omitempty"`    // that are set: config NAME, limits memory, access
	Withheld    []string  `json:"withheld,omitempty"`    // variables that it does not get, each with why and what to do
	Route       string    `json:"route,omitempty"`       // ready, starting, down; none while the proxy is away
	Database    string    `json:"database,omitempty"`    // in the PostgreSQL server of the host

	State    State      `json:"state"`
	Since    time.Time  `json:"since"`
	Why      string     `json:"why,omitempty"`
	Attempt  int        `json:"attempt,omitempty"`
	NextTry  *time.Time `json:"next_try,omitempty"`
	LastExit string     `json:"last_exit,omitempty"` // and the last lines of that run
	// Error is what is wrong: a sentence, and below it the last lines of the run that failed, at most
	// ten. It is empty where nothing is, also of what was stopped.
	Error string `json:"error,omitempty"`
	Hints []Hint `json:"hints,omitempty"` // of one application, not in the list of all
	// Building is the build of a release that is under way. What runs goes on running: State is its own.
	Building *Building `json:"building,omitempty"`

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

	// Processes are all of them; none of an application that is one replica of web alone. What the
	// application uses is what they use together.
	Processes []Process `json:"processes,omitempty"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // debug applications
	DropIns   []string   `json:"drop_ins,omitempty"`   // operator's overrides in force
	// Unreadable: static files that the proxy may not read, each with what is in the way and the
	// remedy, in words. Only in the answer about one application.
	Unreadable []string `json:"unreadable,omitempty"`
}

// Hint is a known failure that fits what is seen of an application.
type Hint struct {
	Name  string `json:"name"`  // the row in docs/operations.md
	Means string `json:"means"` // what it means
	Write string `json:"write"` // what to write in the manifest, or to do
}

// Building is a build that runs, or waits until there are fewer of them.
type Building struct {
	Since   time.Time `json:"since"`
	Command string    `json:"command"` // its first line
	By      string    `json:"by"`      // who deploys: root, uid:1000, token:ID
	Waiting bool      `json:"waiting,omitempty"`
}

// Health is the last answer of an application's health check.
type Health struct {
	Status         string        `json:"status"` // healthy, unhealthy, unknown
	Type           string        `json:"type,omitempty"`
	Path           string        `json:"path,omitempty"`  // that is asked, of type http
	Found          bool          `json:"found,omitempty"` // nobody has said Path: it answered when this run began
	LastStatusCode int           `json:"last_status_code,omitempty"`
	Latency        time.Duration `json:"latency_nsec,omitempty"`
	Body           string        `json:"body,omitempty"` // at most 256 bytes
	Error          string        `json:"error,omitempty"`
	CheckedAt      *time.Time    `json:"checked_at,omitempty"`
}

// The words of Health.Status.
const (
	Healthy       = "healthy"
	Unhealthy     = "unhealthy"
	HealthUnknown = "unknown"
)

// Apps lists every application.
func (c *Client) Apps(ctx context.Context) (out []App, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/apps", nil, &out)
	return out, err
}

// App finds one application by its name, host name, app id or instance id.
func (c *Client) App(ctx context.Context, app string) (out App, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, ""), nil, &out)
	return out, err
}

// Start wants the application to run, and waits until it does or has failed.
func (c *Client) Start(ctx context.Context, app string) (App, error) {
	return c.verb(ctx, app, "start")
}

// Stop wants the application not to run, and waits until it does not.
func (c *Client) Stop(ctx context.Context, app string) (App, error) { return c.verb(ctx, app, "stop") }

// Restart replaces the running unit by a new one.
func (c *Client) Restart(ctx context.Context, app string) (App, error) {
	return c.verb(ctx, app, "restart")
}

func (c *Client) verb(ctx context.Context, app, verb string) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, verb), nil, &out)
	return out, err
}

// Keep makes a debug application permanent, as it runs.
func (c *Client) Keep(ctx context.Context, app string) (App, error) { return c.verb(ctx, app, "keep") }

// AdoptData gives an application the database that a removed one of its name has left, or with discard an
// empty one in its place.
func (c *Client) AdoptData(ctx context.Context, app string, discard bool) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "adopt-data"), AdoptDataRequest{Discard: discard}, &out)
	return out, err
}

// AdoptDataRequest is the body of adopt-data.
type AdoptDataRequest struct {
	Discard bool `json:"discard,omitempty"`
}

// StopAll is the ordered shutdown of every application.
func (c *Client) StopAll(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/stop-all", nil, nil)
}

// Explanation is how an application would be run without us.
type Explanation struct {
	Unit     string   `json:"unit"`
	Command  []string `json:"command"`            // argv of systemd-run
	Withheld []string `json:"withheld,omitempty"` // what the command line cannot say, in words
}

// Explain says how the application would be run by hand: the first replica of web, or of the process
// that is named, or the replica of it, such as worker.2.
func (c *Client) Explain(ctx context.Context, app, process string) (out Explanation, err error) {
	path := appPath(app, "explain")
	if process != "" {
		path += "?" + url.Values{"process": {process}}.Encode()
	}
	err = c.call(ctx, http.MethodGet, path, nil, &out)
	return out, err
}

// ExecRequest is the command that ExecLine is to run.
type ExecRequest struct {
	Command []string `json:"command"`
	TTY     bool     `json:"tty,omitempty"`
}

// ExecLine is the systemd-run line that runs a command as the application would run
// it; the caller, who is root, executes it.
func (c *Client) ExecLine(ctx context.Context, app string, req ExecRequest) (out Explanation, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "exec"), req, &out)
	return out, err
}

func appPath(app, rest string) string {
	p := "/v1/apps/" + url.PathEscape(app)
	if rest != "" {
		p += "/" + rest
	}
	return p
}
