package debug

import (
	"context"
	"net/http"
	"time"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/build"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/journal"
)

// Runtime is the agent: what is put there runs. See agent.Provider.
type Runtime interface {
	// Orphans run although the registry that knew them is lost.
	Orphans() []plan.Instance
	// Put makes in what is wanted of its instance, without waiting; Restored ends the
	// putting of those of the time before.
	Put(in plan.Instance)
	Restored()
	// Admit refuses a release that would make an application lose a secret.
	Admit(n agent.Admission) error
	// Ceiling is what a package may ask for at most.
	Ceiling() manifest.Ceiling
	// Widening is what a release would give an application that it does not have.
	Widening(id string, rel fact.Release) []string
	// HostNames decides who may take which host name.
	HostNames() hostname.Policy
	// Claims are the hosts of all applications that were put, or come from elsewhere.
	Claims() []hostname.Claim
	// Routed returns when what was put is in force at the proxy, WaitSettled when it serves.
	Routed(ctx context.Context) error
	WaitSettled(ctx context.Context, id, revision string) (api.App, error)
	// Inherit gives an application the secrets of the one that it replaces, Disinherit
	// removes those of one that is gone.
	Inherit(from, to string) error
	Disinherit(id string) error
	// HasData says whether an application has a database, DropData drops that of one that is gone.
	HasData(id string) bool
	DropData(ctx context.Context, id string) error
	// Launch runs what was put, whatever stopped it before, with again even if nothing
	// differs. It returns when that serves or, with an error, was given up.
	Launch(ctx context.Context, id string, again bool) (api.App, error)
	// AdmitRemoval refuses who may not take back what is set of an application.
	AdmitRemoval(ctx context.Context, id, name string) error
	// Remove ends the instance and returns when nothing of it runs.
	Remove(ctx context.Context, id string) error
	StopApp(ctx context.Context, id string) (api.App, error)
	Apps() []api.App
	App(id string) (api.App, error)
	Refresh(ctx context.Context) error // of the figures from PID 1
}

// Releases unpacks what was uploaded, see release.Store.
type Releases interface {
	Import(ctx context.Context, path string) (fact.Release, error)
	Hold(hash string) (letGo func())
}

// Builds makes releases of what has to be built, see build.Builder.
type Builds interface {
	Release(ctx context.Context, o build.Order, begins func(detect.Build)) (build.Result, error)
	// Now is the build of an application that is under way.
	Now(instance string) (api.Building, bool)
	Forget(instance string) error
}

// Logs reads an instance's log, see journal.Hub.
type Logs interface {
	Serve(w http.ResponseWriter, r *http.Request, q journal.Query, f journal.Format) error
	Tail(ctx context.Context, instance string, n int) ([]*journal.Entry, error)
}

// Activity says when an instance was last asked for through the proxy; zero: never,
// as far as the proxy remembers.
type Activity interface {
	LastRequests(ctx context.Context) (map[string]time.Time, error)
}

// State keeps small documents on disk, see agent/state.
type State interface {
	Load(name string, v any) (found bool, err error)
	Save(name string, v any) error
}
