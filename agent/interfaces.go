package agent

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
)

// Runner changes what runs. Every call is a transaction: when it returns without an
// error, it is so.
type Runner interface {
	Start(ctx context.Context, s units.Spec, p units.Placement) error
	Started(s units.Spec, p units.Placement) (units.Status, bool)
	Stop(ctx context.Context, unit string) error
	Restart(ctx context.Context, unit string) error
	ResetFailed(ctx context.Context, unit string) error
	End(ctx context.Context, unit string) error
}

// Observer tells what runs.
type Observer interface {
	List(ctx context.Context) ([]units.Status, error)
	Get(ctx context.Context, unit string) (units.Status, error)
	Events() <-chan units.Event
	Ping(ctx context.Context) error
	Capabilities() units.Capabilities
	Recall(unit string, e units.Exit)
}

// Clock runs commands of applications by the clock, and once.
type Clock interface {
	Schedule(ctx context.Context, o units.Once) error
	Begin(ctx context.Context, o units.Once) error
	Discard(ctx context.Context, unit string, kill bool) error
	Onces(ctx context.Context) ([]units.OnceStatus, error)
}

// Describer tells what PID 1 would make of a Spec, as a unit's file.
type Describer interface {
	Describe(ctx context.Context, s units.Spec, p units.Placement) (string, error)
}

// Units is PID 1, see units.Manager.
type Units interface {
	Runner
	Observer
	Clock
	Describer
}

// Proxy is the control side of nexushub-proxy, see proxyctl.Client.
type Proxy interface {
	Apply(ctx context.Context, t proxyctl.Table) error
	Status(ctx context.Context) (proxyctl.Status, error)
	Drain(ctx context.Context, target string, deadline time.Duration) (proxyctl.DrainResult, error)
}

// Releases finds what a package or a hash stands for, see release.Store.
type Releases interface {
	Resolve(ctx context.Context, path string) (fact.Release, error)
	Get(hash string) (fact.Release, error)
}

// Journal reads the end of a unit's log, how the unit ended, how often it ran, and whose units were.
type Journal interface {
	LastLines(ctx context.Context, unit, invocation string) ([]string, error)
	LastExit(ctx context.Context, unit string) (e journal.Exit, ok bool, err error)
	Owners(ctx context.Context, tell func(unit, instance string, at time.Time)) error
	Runs(ctx context.Context, unit, after, upTo string) (n int, ok bool, err error)
	LastRun(ctx context.Context, unit string) (r journal.Run, ok bool, err error)
}

// State keeps small documents on disk, see agent/state.
type State interface {
	Load(name string, v any) (found bool, err error)
	Save(name string, v any) error
}

// Vault keeps the applications' secrets, see secret.Store.
type Vault interface {
	Set(instance string, changes ...secret.Change) error
	Remove(instance, name string) error
	List(instance string) ([]secret.Secret, error)
	Files(instance string, who audience.Installer) (secret.Files, error)
	Copy(from, to string) error
	RemoveAll(instance string) error
}
