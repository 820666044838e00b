// Package agent keeps what runs equal to what is wanted. Providers say what is wanted,
// PID 1 says what runs, package plan (pure) compares them and names the steps with their
// reasons, the executor takes them, one at a time for each unit.
//
// It promises that an application never suffers from the agent. What runs outlives the
// agent, is found again by its unit's name and fields, and is changed only where it
// differs from what is wanted; a revision that is not healthy never replaces one that is;
// absence of information removes nothing.
package agent

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/agent/figures"
	"github.com/nexushub/nexushub/agent/health"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/listening"
	"github.com/nexushub/nexushub/proxyctl"
)

// Options are what an Agent works with.
type Options struct {
	Config   *config.Config
	Units    Units
	Proxy    Proxy
	Releases Releases
	Journal  Journal
	State    State
	Vault    Vault
	Databases
	Secret string // the internal secret
	BootID string
	ProxyPorts
	Log *slog.Logger
}

// ProxyPorts are where the proxy of this host listens.
type ProxyPorts struct {
	Guests int // where guests reach it: another one replaces them
	URLs   int // what URLs name
}

// Agent is the reconciler. Its methods are safe for concurrent use.
type Agent struct {
	units    Units
	releases Releases
	vault    Vault
	state    State
	log      *slog.Logger
	secret   string
	bootID   string
	stateDir string

	router  *router
	monitor *health.Monitor
	ports   *ports.Allocator
	exec    *executor
	saver   *saver
	jobs    *jobKeeper

	wake    chan struct{} // capacity 1: reconcile again
	resolve chan struct{} // capacity 1: providers or packages changed
	results chan result
	answers chan query
	heard   chan words
	alive   chan chan struct{}
	askSoon *time.Timer   // runs while units are due to be asked about
	ready   chan struct{} // closed at the first reconcile
	started time.Time
	told    hints // has a lock of its own
	changes *events.Ring
	figures *figures.Store

	listening func(uid uint32) ([]netip.AddrPort, error)

	changing sync.Mutex // held while an operator's change is made and saved; taken before mu

	mu       sync.Mutex // guards the fields that follow
	desired  catalogue
	observed observedState
	loop     loopState
	exposure exposures
}

// New returns an agent that has read its state and what PID 1 runs. A damaged or newer
// state file is an error.
func New(ctx context.Context, o Options) (*Agent, error) {
	a := &Agent{
		units: o.Units, releases: o.Releases, vault: o.Vault, state: o.State, log: o.Log,
		secret: o.Secret, bootID: o.BootID, stateDir: o.Config.StateDir, started: time.Now(),
		wake: make(chan struct{}, 1), resolve: make(chan struct{}, 1),
		listening: listening.Of,
		results:   make(chan result), answers: make(chan query), heard: make(chan words), alive: make(chan chan struct{}),
		ready:   make(chan struct{}),
		desired: newCatalogue(), observed: newObservedState(), loop: newLoopState(), exposure: newExposures(),
	}
	a.changes, a.figures = events.New(a.started), figures.New(a.started)
	a.router = newRouter(o.Proxy, o.Log, a.requestReconcile)
	a.monitor = health.NewMonitor(func(string) { a.requestReconcile() })
	a.monitor.Elsewhere = a.elsewhere
	a.saver = newSaver(o.State, o.Log)
	a.configure(o.Config, o.ProxyPorts)
	saved, err := a.load()
	if err != nil {
		return nil, err
	}
	a.ports = ports.New(o.Config.Ports.First, o.Config.Ports.Last, saved)
	a.exec = newExecutor(o, a.router, a.ports, o.Log)
	a.exec.saved = func() error { return a.saver.saved(instancesFile) }
	if a.jobs, err = newJobKeeper(o, a.exec, a.saver); err != nil {
		return nil, err
	}
	return a, a.adopt(ctx)
}

// Run reconciles until ctx ends. Applications keep running after it.
func (a *Agent) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.router.Run(ctx) })
	g.Go(func() error { return a.monitor.Run(ctx) })
	g.Go(func() error { return a.runResolver(ctx) })
	g.Go(func() error { return a.runExposure(ctx) })
	g.Go(func() error { a.recall(ctx); return nil })
	g.Go(func() error { return a.jobs.Run(ctx) })
	g.Go(func() error { return a.runLoop(ctx) })
	err := g.Wait()
	a.saver.flush()
	return err
}

// Ready is closed after the first reconcile: every static application runs, has failed or waits.
func (a *Agent) Ready() <-chan struct{} { return a.ready }

// Changes are those of the states of all applications.
func (a *Agent) Changes() *events.Ring { return a.changes }

// Alive fails when the reconciler or PID 1 does not answer.
func (a *Agent) Alive(ctx context.Context) error {
	answer := make(chan struct{})
	select {
	case a.alive <- answer:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-answer
	return a.units.Ping(ctx)
}

// Reload applies a new configuration.
func (a *Agent) Reload(c *config.Config, ports ProxyPorts) {
	a.configure(c, ports)
	a.requestResolve()
}

// requestReconcile asks for another pass of the reconciler.
func (a *Agent) requestReconcile() { signal(a.wake) }

// requestResolve asks for packages to be resolved again, and then for another pass.
func (a *Agent) requestResolve() { signal(a.resolve) }

func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// routeTable is the whole table as it should be now. The caller holds mu.
func (a *Agent) routeTable(apps []plan.AppState) proxyctl.Table {
	c := a.desired.config
	routes := plan.Routes(apps, func(id string) []string { return a.observed.known(id).target })
	if !c.Policy.Open { // also what runs already, and goes on running
		for i := range routes {
			if routes[i].Access == proxyctl.AccessOpen {
				routes[i].Access = proxyctl.AccessAreas
			}
		}
	}
	return proxyctl.Table{
		Format: 1, Domain: c.Domain,
		APIHosts:      []string{"admin." + c.Domain, "internal." + c.Domain},
		ControlHost:   "admin." + c.Domain,
		AgentSocket:   c.RunDir + "/debug.sock",
		LoginInstance: c.LoginInstance, AdminInstance: c.AdminInstance,
		InternalSecret: a.secret, Certify: a.certify(apps), Routes: routes,
	}
}
