package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/health"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/agent/state"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/postgres"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// host is a machine in memory: PID 1, proxy, packages and probes are played, the
// state is on a real disk, and time is synctest's.
type host struct {
	t        *testing.T
	dir      string
	config   *config.Config
	units    *fake.Manager
	proxy    *fakeProxy
	releases *fakeReleases
	health   *fakeHealth
	state    *stateDisk
	vault    *secret.Store
	boot     string
	journal  Journal
	listens  []netip.AddrPort // all applications
	log      slog.Handler

	databases *fakeDatabases

	agent *Agent
	stop  func()

	mu      sync.Mutex // guards program
	program func(units.Spec) fake.Program
}

// stateDisk is the state on a disk that may be full.
type stateDisk struct {
	*state.Store
	full atomic.Bool
}

func (d *stateDisk) Save(name string, v any) error {
	if d.full.Load() {
		return &os.PathError{Op: "write", Path: name, Err: syscall.ENOSPC}
	}
	return d.Store.Save(name, v)
}

// play says how commands behave from now on.
func (h *host) play(f func(units.Spec) fake.Program) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.program = f
}

func (h *host) behave(s units.Spec) fake.Program {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.program == nil {
		return fake.Program{}
	}
	return h.program(s)
}

// onHost runs f on a fresh host within a bubble of synctest.
func onHost(t *testing.T, f func(t *testing.T, h *host)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := config.Default()
		c.RunDir, c.StateDir = filepath.Join(dir, "run"), dir
		store, err := state.Open(filepath.Join(dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		vault, err := secret.Open(filepath.Join(dir, "secrets"))
		if err != nil {
			t.Fatal(err)
		}
		h := &host{
			t: t, dir: dir, config: c, boot: "boot-1", log: slog.DiscardHandler,
			units: fake.New(), state: &stateDisk{Store: store}, vault: vault, journal: fixedJournal{},
			databases: &fakeDatabases{made: map[postgres.Database]int{}},
			proxy:     &fakeProxy{}, releases: &fakeReleases{fail: map[string]error{}},
			health: &fakeHealth{sick: map[string]bool{}},
		}
		h.units.Program = h.behave
		ctx, cancel := context.WithCancel(t.Context())
		go h.units.Run(ctx)
		f(t, h)
		h.kill()
		cancel()
		synctest.Wait()
	})
}

// app adds a static application to the configuration.
func (h *host) app(id, host string, f ...func(*config.App)) {
	a := config.App{InstanceID: id, HostName: host, AppID: host, Package: "/srv/" + host}
	for _, f := range f {
		f(&a)
	}
	h.config.Apps = append(h.config.Apps, a)
}

// boot starts an agent, as systemd would.
func (h *host) start() {
	h.t.Helper()
	a, err := New(h.t.Context(), Options{
		Config: h.config, Units: h.units, Proxy: h.proxy, Releases: h.releases, Journal: h.journal,
		State: h.state, Vault: h.vault, Databases: h.databases, Secret: "s3cret", BootID: h.boot,
		ProxyPorts: ProxyPorts{8443, 8443}, Log: slog.New(h.log),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	a.monitor.Ask = h.health.ask
	a.listening = func(uint32) ([]netip.AddrPort, error) { return h.listens, nil }
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	h.agent = a
	h.stop = func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	}
	h.settle()
}

// kill ends the agent; everything else keeps running.
func (h *host) kill() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// settle lets everything happen that is due within a moment.
func (h *host) settle() { h.pass(300 * time.Millisecond) }

func (h *host) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (h *host) view(id string) api.App {
	h.t.Helper()
	v, err := h.agent.App(id)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

func (h *host) wantState(id string, want api.State) api.App {
	h.t.Helper()
	v := h.view(id)
	if v.State != want {
		h.t.Fatalf("%s is %s (%s; attempt %d, last exit %q), want %s", v.Name, v.State, v.Why, v.Attempt, v.LastExit, want)
	}
	return v
}

// unitsOf lists what PID 1 runs for an instance.
func (h *host) unitsOf(id string) []units.Status {
	h.t.Helper()
	all, err := h.units.List(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var list []units.Status
	for _, s := range all {
		if s.Instance == id {
			list = append(list, s)
		}
	}
	return list
}

// fixedJournal has the same last lines and the same exit for every unit.
type fixedJournal struct{}

func (fixedJournal) LastLines(context.Context, string, string) ([]string, error) {
	return []string{"last words"}, nil
}

func (fixedJournal) LastExit(context.Context, string) (journal.Exit, bool, error) {
	return journal.Exit{At: time.Unix(1, 0), Code: "exited", Status: 42, Result: "exit-code"}, true, nil
}

func (fixedJournal) Owners(context.Context, func(unit, instance string, at time.Time)) error {
	return nil
}

func (fixedJournal) Runs(context.Context, string, string, string) (int, bool, error) {
	return 0, false, nil
}

func (fixedJournal) LastRun(context.Context, string) (journal.Run, bool, error) {
	return journal.Run{}, false, nil
}

// fakeReleases finds every package; each path is its own release, version included.
type fakeReleases struct {
	mu      sync.Mutex
	version string
	fail    map[string]error
	bare    bool // packages have neither bin/app nor files
	files   bool // packages have files alone

	manifests  map[string]manifest.Manifest // of releases in the store, by hash
	fileHashes map[string]bool              // of those that have files alone
	recognised detect.Result                // of packages
}

func (r *fakeReleases) Resolve(_ context.Context, path string) (fact.Release, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fail[path]; err != nil {
		return fact.Release{}, err
	}
	if r.files {
		if r.fileHashes == nil {
			r.fileHashes = map[string]bool{}
		}
		r.fileHashes["hash-of-"+path+r.version] = true
	}
	return fact.Release{Hash: "hash-of-" + path + r.version, Dir: path + r.version,
		Runs: !r.bare && !r.files || r.recognised.IsReady(), Static: !r.bare, Recognised: r.recognised}, nil
}

func (r *fakeReleases) Get(hash string) (fact.Release, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fail[hash]; err != nil {
		return fact.Release{}, err
	}
	if r.fileHashes[hash] {
		return fact.Release{Hash: hash, Dir: "/releases/" + hash, Static: true}, nil
	}
	return fact.Release{Hash: hash, Dir: "/releases/" + hash, Runs: !r.bare, Static: r.bare,
		Manifest: r.manifests[hash]}, nil
}

// lose takes a release away, as a sweep does.
func (r *fakeReleases) lose(hash string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail[hash] = fmt.Errorf("%w: %s", release.ErrNotFound, hash)
}

func (r *fakeReleases) deploy(version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version, r.files = version, false
}

// deployFiles lets packages have files alone.
func (r *fakeReleases) deployFiles(version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version, r.files = version, true
}

// fakeHealth answers the probes by port.
type fakeHealth struct {
	mu   sync.Mutex
	sick map[string]bool // by address or path; "*": all
	gone bool            // nobody listens
	new  bool            // only addresses not seen yet are sick
	seen map[string]bool

	pages map[string]int // status by path, of questions by HTTP; "": of all other paths
}

func (f *fakeHealth) ask(_ context.Context, c health.Check) health.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return health.Outcome{Err: fmt.Errorf("dial %s %s: %w", c.Network, c.Address, syscall.ECONNREFUSED)}
	}
	if f.sick["*"] || f.sick[c.Address] || f.sick[c.Path] || f.new && !f.seen[c.Address] {
		return health.Outcome{Code: 503, Err: errors.New("answered 503")}
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[c.Address] = true
	if f.pages != nil && c.Type == "http" {
		code, ok := f.pages[c.Path]
		if !ok {
			code = f.pages[""]
		}
		o := health.Outcome{Code: code}
		if code != 200 {
			o.Err = fmt.Errorf("answered %d", code)
		}
		return o
	}
	return health.Outcome{Code: 200}
}

func (f *fakeHealth) set(address string, sick bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sick[address] = sick
}

// leave lets nobody listen, or somebody.
func (f *fakeHealth) leave(gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = gone
}

// page lets a path be answered so.
func (f *fakeHealth) page(path string, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pages == nil {
		f.pages = map[string]int{"": 404, "/": 200}
	}
	f.pages[path] = code
}

// fakeProxy keeps the table and writes down what was asked of it.
type fakeProxy struct {
	mu     sync.Mutex
	table  proxyctl.Table
	away   bool
	drains []string
}

var errAway = errors.New("connect: connection refused")

func (p *fakeProxy) Apply(_ context.Context, t proxyctl.Table) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errAway
	}
	p.table = t
	return nil
}

func (p *fakeProxy) Status(context.Context) (proxyctl.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return proxyctl.Status{}, errAway
	}
	s := proxyctl.Status{Generation: p.table.Generation}
	for _, r := range p.table.Routes {
		if r.Target != nil {
			s.Routes = append(s.Routes, routeStatus(r))
		}
	}
	return s, nil
}

func (p *fakeProxy) Drain(_ context.Context, target string, _ time.Duration) (proxyctl.DrainResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drains = append(p.drains, target)
	return proxyctl.DrainResult{}, nil
}

func (p *fakeProxy) setAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// route returns the route to an instance as it is in force.
func (p *fakeProxy) route(id string) (proxyctl.Route, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.table.Routes {
		if r.Instance == id {
			return r, true
		}
	}
	return proxyctl.Route{}, false
}

// wipe loses the state directory.
func (h *host) wipe() {
	h.t.Helper()
	if err := os.RemoveAll(filepath.Join(h.dir, "state")); err != nil {
		h.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(h.dir, "state"), 0o700); err != nil {
		h.t.Fatal(err)
	}
}

// Names of one instance and two of its units.
const (
	instanceA = "11111111-1111-4111-8111-111111111111"
	oldUnit   = "nexushub-app-a-old.service"
	newUnit   = "nexushub-app-a-new.service"
)

func routeStatus(r proxyctl.Route) proxyctl.RouteStatus {
	s := proxyctl.RouteStatus{Instance: r.Instance, Target: r.Target.ID}
	for _, t := range r.Targets {
		s.Targets = append(s.Targets, t.ID)
	}
	return s
}
