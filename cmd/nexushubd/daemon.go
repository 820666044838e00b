package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/build"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/agent/state"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/control"
	"github.com/nexushub/nexushub/debug"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/git"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/postgres"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
)

// connectLimit bounds how long the start waits for systemd on D-Bus.
const connectLimit = 10 * time.Second

// systemd is what the daemon needs of units.Manager.
type systemd interface {
	agent.Units
	agent.Bus
	build.Units
	listenAddresses
	git.Units
	Run(ctx context.Context) error
}

// host is what an installed machine gives to the daemon.
type host struct {
	root    bool // this process may start units
	systemd func(context.Context, *slog.Logger) (systemd, error)
	sockets func(names ...string) (map[string]net.Listener, error)
	userID  func(name string) (uint32, error)
	cache   string // where PID 1 keeps folders of caches
}

// thisHost is the machine that this process runs on.
func thisHost() host {
	return host{
		root: os.Geteuid() == 0,
		systemd: func(ctx context.Context, log *slog.Logger) (systemd, error) {
			m, err := units.Dial(ctx, units.WithLog(log))
			if err != nil {
				return nil, err // and no *units.Manager that is nil
			}
			return m, nil
		},
		sockets: sockets,
		userID:  userID,
		cache:   "/var/cache",
	}
}

// daemon is every part, wired. Nothing runs before run.
type daemon struct {
	host    host
	dir     string
	conf    *config.Config                // as it was at the start
	inForce atomic.Pointer[config.Config] // as of the last reload
	log     *slog.Logger
	level   *slog.LevelVar
	sockets map[string]net.Listener
	lock    *lock
	secret  string // the internal one

	units    systemd
	proxy    *proxyctl.Client
	journal  *journal.Hub
	releases *release.Store
	agent    *agent.Agent
	tokens   *caller.Tokens
	uploads  *upload.Store
	builds   *build.Builder
	deployed *debug.Server // permanent applications
	debug    *debug.Server // those that expire
	control  *control.Server
	proxied  caller.ProxyDoor // to the same
	metrics  *monitoring
}

func newDaemon(
	ctx context.Context, h host, dir string, conf *config.Config, log *slog.Logger, level *slog.LevelVar,
) (*daemon, error) {
	d := &daemon{host: h, dir: dir, conf: conf, log: log, level: level}
	d.inForce.Store(conf)
	for _, step := range []func(context.Context) error{d.listen, d.connect, d.open, d.serveAPIs} {
		if err := step(ctx); err != nil {
			d.close()
			return nil, err
		}
	}
	return d, nil
}

func (d *daemon) listen(context.Context) (err error) {
	if d.lock, err = acquire(filepath.Join(d.conf.StateDir, "lock")); err != nil {
		return err
	}
	d.sockets, err = d.host.sockets("api", "debug")
	return err
}

func (d *daemon) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	if d.units, err = d.host.systemd(ctx, d.log); err != nil {
		return fmt.Errorf("no connection to systemd over D-Bus (systemctl status dbus.socket dbus): %w", err)
	}
	d.proxy = proxyctl.NewClient(filepath.Join(d.conf.RunDir, "proxy.sock"))
	return nil
}

func (d *daemon) open(ctx context.Context) (err error) {
	files, err := state.Open(filepath.Join(d.conf.StateDir, "state"))
	if err != nil {
		return err
	}
	vault, err := secret.Open(filepath.Join(d.conf.StateDir, "secrets"))
	if err != nil {
		return err
	}
	if d.releases, err = release.Open(filepath.Join(d.conf.StateDir, "releases"), releaseLimits(d.conf)); err != nil {
		return err
	}
	if d.secret, err = internalSecret(filepath.Join(d.conf.RunDir, "internal-secret")); err != nil {
		return err
	}
	d.journal = journal.New(journal.Options{
		Owner: func(unit string) (string, bool) { return d.agent.Owner(unit) },
		Part:  func(unit string) (string, int) { return d.agent.PartOf(unit) },
		Units: func(instance string) []string { return d.agent.UnitsOf(instance) }, Log: d.log,
	})
	if d.tokens, err = caller.OpenTokens(files); err != nil {
		return err
	}
	if d.agent, err = agent.New(ctx, agent.Options{
		Config: d.conf, Units: d.units, Proxy: d.proxy, Releases: d.releases, Vault: vault, State: files,
		Databases: postgres.New(),
		Journal:   journal.UnitLog{Hub: d.journal}, Secret: d.secret, BootID: bootID(),
		ProxyPorts: proxyPorts(ctx, d.units, d.log), Log: d.log,
	}); err != nil {
		return err
	}
	if d.builds, err = build.New(ctx, build.Options{
		Units: d.units, Releases: d.releases, Config: d.inForce.Load,
		Root: filepath.Join(d.host.cache, "private"), Links: d.host.cache, Log: d.log,
	}); err != nil {
		return err
	}
	return d.openRegistries(files)
}

// openRegistries opens that of permanent applications first: what was kept is theirs.
func (d *daemon) openRegistries(files *state.Store) (err error) {
	if d.uploads, err = upload.Open(filepath.Join(d.conf.StateDir, "uploads"), uploadLimits(d.conf)); err != nil {
		return err
	}
	o := debug.Options{
		Kind: debug.Deployed, Domain: d.conf.Domain, StateIn: agent.StateFolders(),
		MaxApps: math.MaxInt, MaxEach: d.conf.Upload.MaxAppsEach, Package: packageLimits(d.conf),
		State: files, Uploads: d.uploads, Releases: d.releases, Builds: d.builds, Runtime: d.agent.Deployed(),
		Logs: d.journal, Log: d.log,
	}
	if d.deployed, err = debug.NewServer(o); err != nil {
		return err
	}
	o.Kind, o.Kept, o.Runtime, o.MaxApps = debug.Debug, d.deployed, d.agent.Debug(), d.conf.Upload.MaxApps
	o.Expiry, o.Activity = d.conf.Upload.Expiry.Std(), debug.ProxyActivity{Proxy: d.proxy}
	d.debug, err = debug.NewServer(o)
	return err
}

func (d *daemon) serveAPIs(context.Context) (err error) {
	uid, err := d.host.userID(units.ProxyUser)
	if err != nil {
		return err
	}
	pushes := git.NewServer(git.Options{
		Units: d.units, Deployed: d.deployed.Handler(), Hooks: git.Hooks, MaxSize: int64(d.conf.Upload.MaxSize),
		Most: d.conf.Package.MaxEntries, Kept: d.conf.Git, Log: d.log,
		Room: func() error { return disk.Check(d.conf.StateDir, disk.Room{}, freeRoom(d.conf)) },
	})
	d.control = control.NewServer(control.Deps{
		Applications: d.agent, Operator: d.agent, Data: d.agent, Releases: d.agent, Settings: d.agent, Explainer: d.agent,
		Jobs:    d.agent,
		Created: func(id string) bool { return d.deployed.Has(debug.ID(id)) || d.debug.Has(debug.ID(id)) },
		Secrets: d.agent, Tokens: d.tokens, Proxy: d.proxy, Logs: d.journal, Files: d,
		Debug: d.debug.Handler(), Deployed: d.deployed.Handler(), Keeper: d.debug, Hosts: d.deployed, Git: pushes, Log: d.log,
		Building: func() []api.App { return slices.Concat(d.deployed.Building(), d.debug.Building()) },
		Audit:    audit.New(d.log, d.journal), Events: d.agent.Changes(),
	})
	d.proxied = caller.ProxyDoor{ProxyUID: uid, Tokens: d.tokens, Log: d.log, Next: d.control}
	d.metrics, err = newMonitoring(d)
	return err
}

// close lets go of what run did not.
func (d *daemon) close() {
	for _, l := range d.sockets {
		l.Close()
	}
	if d.metrics != nil {
		d.metrics.close()
	}
	if d.lock != nil {
		d.lock.release()
	}
}

func releaseLimits(c *config.Config) release.Limits {
	p := c.Package
	return release.Limits{
		MaxEntries: p.MaxEntries, MaxUnpacked: int64(p.MaxUnpacked), MaxRatio: int64(p.MaxRatio),
		MaxDepth: p.MaxDepth, MaxPath: p.MaxPath, MaxNames: int64(p.MaxNames), MaxTime: p.MaxTime.Std(), Free: freeRoom(c),
	}
}

// packageLimits are those that clients are told.
func packageLimits(c *config.Config) api.PackageLimits {
	return api.PackageLimits{
		MaxSize: int64(c.Upload.MaxSize), MaxEntries: c.Package.MaxEntries, MaxUnpacked: int64(c.Package.MaxUnpacked),
		MaxRatio: int64(c.Package.MaxRatio),
	}
}

func uploadLimits(c *config.Config) upload.Limits {
	l := upload.DefaultLimits()
	l.MaxSize, l.MaxChunks, l.MaxAge = int64(c.Upload.MaxSize), c.Upload.MaxChunks, c.Upload.MaxAge.Std()
	l.Free = freeRoom(c)
	l.MaxHeld, l.MaxHeldEach = int64(c.Upload.MaxHeld), int64(c.Upload.MaxHeldEach)
	return l
}

func freeRoom(c *config.Config) disk.Room {
	return disk.Room{Bytes: int64(c.Upload.FreeSpace), Inodes: int64(c.Upload.FreeInodes)}
}
