package control

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/proxyctl"
)

// Applications tells what there is.
type Applications interface {
	Apps() []api.App
	// App finds by instance id, name, host name or app id; api.NotFound else.
	App(ref string) (api.App, error)
	Plan() []api.Task
	Refresh(ctx context.Context) error // of the figures from PID 1
	System(ctx context.Context) (api.System, error)
	AppFigures(ref string) (api.Figures, error) // of the last hour
	HostFigures() api.Figures
	FileOf(id string) string // where a static application is described
}

// Operator changes what runs. Each call returns when it is done or has failed, with
// the application as it is then.
type Operator interface {
	StartApp(ctx context.Context, ref string) (api.App, error)
	StopApp(ctx context.Context, ref string) (api.App, error)
	RestartApp(ctx context.Context, ref string) (api.App, error)
	StopAll(ctx context.Context) error
}

// Data is what applications have stored with the host's services.
type Data interface {
	AdoptData(ctx context.Context, ref string, discard bool) (api.App, error)
}

// Releases is the way back.
type Releases interface {
	AppReleases(ref string) ([]api.Release, error)
	Rollback(ctx context.Context, ref, release string) (api.App, error) // "": the one before
}

// Settings are what an operator says of an application by command.
type Settings interface {
	Settings(ref string) (api.Settings, error)
	// ChangeSettings applies a JSON merge patch.
	ChangeSettings(ctx context.Context, ref string, patch []byte) (api.Settings, error)
}

// Jobs are commands that run by the clock, or when they are asked to.
type Jobs interface {
	Jobs(ref string) ([]api.Job, error)
	RunJob(ctx context.Context, ref, job string) (api.JobRun, error) // returns when it has begun
}

// Explainer puts into a systemd-run line how an application runs.
type Explainer interface {
	Explain(ctx context.Context, ref, process string) (api.Explanation, error)
	ExecLine(ctx context.Context, ref string, req api.ExecRequest) (api.Explanation, error)
}

// Secrets never gives a value back.
type Secrets interface {
	Secrets(id string) ([]api.Secret, error)
	SetSecrets(ctx context.Context, id string, s ...api.NewSecret) error // all or none
	RemoveSecret(ctx context.Context, id, name string) error
}

// Tokens are what developers authenticate with.
type Tokens interface {
	List() ([]api.Token, error)
	Tag() string // of the list, without when each was used
	Create(ctx context.Context, t api.NewToken) (api.IssuedToken, error)
	Revoke(ctx context.Context, id string) error
}

// Keeper makes a debug application permanent.
type Keeper interface{ Keep(id string) error }

// Hosts changes the hosts of deployed applications. Each call returns when the proxy serves them.
type Hosts interface {
	AddHost(ctx context.Context, id string, h api.NewAppHost) error
	RemoveHost(ctx context.Context, id, host string) error
	HostsTag(id string) (string, error)
}

// Proxy is the control side of nexushub-proxy, see proxyctl.Client.
type Proxy interface {
	Status(ctx context.Context) (proxyctl.Status, error)
	Unreadable(ctx context.Context, instance string) ([]string, error)
	Certs(ctx context.Context) ([]proxyctl.CertInfo, error)
}

// Logs answers with an instance's log, see journal.Hub.
type Logs interface {
	Serve(w http.ResponseWriter, r *http.Request, q journal.Query, f journal.Format) error
}

// Files are those of the configuration.
type Files interface {
	Waiting(ctx context.Context) ([]api.Waiting, error)
}

// Deps is everything that the server passes requests on to.
type Deps struct {
	Applications Applications
	Operator     Operator
	Data         Data
	Releases     Releases
	Settings     Settings
	Jobs         Jobs
	Explainer    Explainer
	Secrets      Secrets
	Created      func(id string) bool // whether there is one that somebody has created, with a release or without
	Tokens       Tokens
	Proxy        Proxy
	Logs         Logs
	Files        Files
	Keeper       Keeper
	Hosts        Hosts
	Audit        *audit.Trail
	Events       *events.Ring
	Building     func() []api.App // what is built now, see debug.Server.Building; may be nil
	Debug        http.Handler     // the debug API, for callers whom a door has led in
	Deployed     http.Handler     // the same for permanent applications
	Git          http.Handler     // may be nil
	Log          *slog.Logger
}
