// Package build makes releases of packages that are source. The tools run in a transient unit of
// their own ([units.Build]); this package decides whether a build is allowed and needed, prepares its
// folder, watches its size, and gives what it leaves to the store of releases, which trusts it no
// more than any other package.
//
// A release that was built is named by a hash of everything that went into it: the application, who
// deploys it, the source, the command, the versions of the tools. So the same source is not built
// twice, and the place where the release will lie is known before: the build sees its folder there,
// and paths that it writes down stay true.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/units"
)

// Units runs a build, see units.Manager.
type Units interface {
	RunBuild(ctx context.Context, b units.Build, look func() error) (units.Status, error)
	StopBuilds(ctx context.Context) error
	Capabilities() units.Capabilities
}

// Options are what a Builder works with; all must be set.
type Options struct {
	Units    Units
	Releases *release.Store
	Config   func() *config.Config // in force now
	Root     string                // where PID 1 keeps units.BuildRoot: /var/cache/private
	Links    string                // where it links to that: /var/cache
	Log      *slog.Logger
}

// Builder makes releases. Its methods are safe for concurrent use.
type Builder struct {
	o Options

	over context.Context // ends with Run
	end  context.CancelCauseFunc

	tally tally

	mu      sync.Mutex // guards the fields that follow
	running int
	free    chan struct{} // closed and replaced when a build ends
	under   under
}

var errStopping = fmt.Errorf("the agent stops, deploy again: %w", api.Unavailable)

// Run ends all builds when ctx ends.
func (b *Builder) Run(ctx context.Context) error {
	<-ctx.Done()
	b.end(errStopping)
	return nil
}

// New ends the builds of an agent that is gone, and removes what they have left.
func New(ctx context.Context, o Options) (*Builder, error) {
	b := &Builder{o: o, free: make(chan struct{}), tally: newTally(), under: under{}}
	b.over, b.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := o.Units.StopBuilds(ctx); err != nil {
		return nil, fmt.Errorf("builds of before: %w", err)
	}
	if err := b.removeLike(workPrefix + "*"); err != nil {
		o.Log.Warn("what an earlier build has left cannot be removed", "error", err)
	}
	return b, nil
}

const (
	workPrefix  = "work-"
	cachePrefix = "cache-"
)

// Order asks for the release of a package.
type Order struct {
	Instance  string // UUID
	Name      string // of the application
	Package   string // path of the zip
	Temporary bool   // its cache ends with the build

	// By is for whom it is built. A release may get secrets that others who deploy the application do
	// not get, so nothing that a build of theirs has left decides about it: neither cache nor release.
	By audience.Installer
}

// cache is the name of its folder.
func (o Order) cache() string {
	by := sha256.Sum256([]byte(o.By))
	return cachePrefix + o.Instance + "-" + hex.EncodeToString(by[:4])
}

// Result is a release, and whether a build has made it now.
type Result struct {
	fact.Release
	Built bool
}

// Release makes the release of a package, by a build where it is source. begins is called before a
// build starts. A build that fails is a *Failure; then, and whenever there is an error, nothing is left.
func (b *Builder) Release(ctx context.Context, o Order, begins func(detect.Build)) (Result, error) {
	src, err := b.o.Releases.Source(context.WithoutCancel(ctx), o.Package)
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	how, isSource := src.Build()
	if !isSource {
		r, err := b.o.Releases.Import(context.WithoutCancel(ctx), o.Package)
		return Result{Release: r}, err
	}
	return b.fromSource(ctx, o, src, how, begins)
}

func (b *Builder) fromSource(ctx context.Context, o Order, src *release.Source, how detect.Build,
	begins func(detect.Build)) (Result, error) {
	conf := b.o.Config()
	if faults := b.excesses(conf, how); faults != "" {
		return Result{}, refused(faults)
	}
	tools, err := toolsOf(ctx, how)
	if err != nil {
		return Result{}, err
	}
	if fault := tools.fault(); fault != "" {
		return Result{}, refused(fault)
	}
	sum, err := src.Sum(ctx, how)
	if err != nil {
		return Result{}, err
	}
	key := keyOf(o, sum, how, tools.versions)
	if r, ok, err := b.o.Releases.Built(key); ok || err != nil {
		return Result{Release: r}, err
	}
	network, err := b.network(conf, how)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.over, func() { cancel(context.Cause(b.over)) })()
	defer b.enter(o, how.Command)()
	done, err := b.turn(ctx)
	if err != nil {
		return Result{}, err
	}
	defer done()
	b.begin(o.Instance)
	begins(how)
	began := time.Now()
	r, err := b.make(ctx, o, src, b.unit(o, how, key, conf, network))
	b.tally.count(resultOf(ctx, err), time.Since(began))
	return Result{Release: r, Built: true}, err
}

// turn waits until fewer builds run than may.
func (b *Builder) turn(ctx context.Context) (done func(), err error) {
	for {
		b.mu.Lock()
		if b.running < b.o.Config().Build.AtOnce {
			b.running++
			b.mu.Unlock()
			return b.ended, nil
		}
		free := b.free
		b.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (b *Builder) ended() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	close(b.free)
	b.free = make(chan struct{})
}

// unit is the build as PID 1 runs it.
func (b *Builder) unit(o Order, how detect.Build, key string, conf *config.Config, n network) units.Build {
	most := conf.Build
	u := units.Build{
		Name: hostname.Label(o.Name), Instance: o.Instance, Key: key, Command: how.Command,
		Work: workPrefix + o.Instance, Cache: o.cache(),
		Directory: b.o.Releases.Path(key), Hide: conf.StateDir,
		Env:     withDefaults(how.Env),
		Timeout: atMost(how.Timeout.Std(), most.Timeout.Std()), FileSize: uint64(most.Disk),
		Memory: uint64(atMost(how.Limits.Memory, most.Memory)), Tasks: uint64(atMost(how.Limits.Tasks, most.Tasks)),
		CPU:      atMost(how.Limits.CPU, most.CPU),
		Internet: n.internet, Networks: n.allowed, Resolvers: n.resolvers, ResolvConf: n.resolvConf,
	}
	if o.Temporary {
		u.Cache = ""
	}
	return u
}

// environment keeps tools from asking a person, from asking for news of themselves, and from a home
// folder that they know better than HOME.
var environment = map[string]string{
	"DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1",
	"npm_config_update_notifier": "false", "npm_config_fund": "false", "NEXT_TELEMETRY_DISABLED": "1",
	"BUNDLE_SILENCE_ROOT_WARNING": "1", "COMPOSER_NO_INTERACTION": "1", "CARGO_TERM_COLOR": "never",
	"GIT_TERMINAL_PROMPT": "0",
}

func withDefaults(own map[string]string) map[string]string {
	all := maps.Clone(environment)
	maps.Copy(all, own)
	return all
}

// atMost is what is asked, or the most where nothing is. More was refused before.
func atMost[T ~int | ~int64 | ~uint64](asked, most T) T {
	if asked == 0 || most != 0 && asked > most {
		return most
	}
	return asked
}

// make runs the build and imports what it leaves.
func (b *Builder) make(ctx context.Context, o Order, src *release.Source, u units.Build) (r fact.Release, err error) {
	defer func() {
		if gone := b.remove(u.Work); gone != nil {
			b.o.Log.Warn("what a build has left cannot be removed", "instance", o.Instance, "error", gone)
		}
	}()
	how, _ := src.Build()
	if err := b.prepare(ctx, src, how, u); err != nil {
		return r, err
	}
	b.o.Log.Info("build started", "instance", o.Instance, "app", o.Name, "unit", u.UnitName())
	began := time.Now()
	w := b.watch(u)
	status, err := b.o.Units.RunBuild(ctx, u, w.look)
	if err == nil {
		err = failed(status, u, b.o.Config().Build)
	}
	if err == nil {
		err = w.within()
	}
	if err != nil {
		b.o.Log.Warn("build failed", "instance", o.Instance, "app", o.Name, "unit", u.UnitName(), "error", err)
		return r, err
	}
	r, err = b.adopt(ctx, src, how, u)
	b.o.Log.Info("build ended", "instance", o.Instance, "app", o.Name, "release", u.Key,
		"took", time.Since(began).Round(time.Second), "error", err)
	return r, err
}

// prepare makes the folder that PID 1 hands over to the build's user, with all that is in it: until
// then it is root's.
func (b *Builder) prepare(ctx context.Context, src *release.Source, how detect.Build, u units.Build) error {
	root := filepath.Join(b.o.Root, units.BuildRoot)
	if err := errors.Join(b.remove(u.Work), b.trimCache(u)); err != nil {
		return err
	}
	if err := disk.Check(root, src.Room(), b.floor()); err != nil {
		return err
	}
	dir, err := beneath.Real(root)
	if err != nil {
		return fmt.Errorf("the folder of builds (systemd-tmpfiles --create makes it): %w", err)
	}
	defer dir.Close()
	for _, name := range []string{"", "tree", "tmp", "home"} {
		if err := dir.Mkdir(filepath.Join(u.Work, name), 0o700); err != nil {
			return disk.NoSpace(err)
		}
	}
	return src.UnpackTo(ctx, filepath.Join(root, u.Work, "tree"), how)
}

// adopt imports the output.
func (b *Builder) adopt(ctx context.Context, src *release.Source, how detect.Build, u units.Build) (r fact.Release,
	err error) {
	dir, err := beneath.Real(filepath.Join(b.o.Root, units.BuildRoot, u.Work, "tree"))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	out, err := dir.Dir(how.Output)
	if vanished(err) {
		return r, &Failure{Why: fmt.Sprintf("the build has left no folder %s (build.output)", how.Output)}
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	r, err = b.o.Releases.ImportBuilt(ctx, out, u.Key, src)
	var invalid *release.InvalidError
	if errors.As(err, &invalid) {
		why := "what the build has made cannot be a release: " + strings.TrimPrefix(invalid.Error(), "package invalid: ")
		return r, &Failure{Why: why, Cause: err}
	}
	return r, err
}

// Forget removes what an application's builds have kept.
func (b *Builder) Forget(instance string) error { return b.removeLike(cachePrefix + instance + "-*") }

// removeLike removes what has such a name.
func (b *Builder) removeLike(pattern string) (err error) {
	for _, parent := range []string{b.o.Root, b.o.Links} {
		found, failed := filepath.Glob(filepath.Join(parent, units.BuildRoot, pattern))
		err = errors.Join(err, failed)
		for _, path := range found {
			err = errors.Join(err, b.remove(filepath.Base(path)))
		}
	}
	return err
}

// remove removes a folder of builds, and PID 1's link to it. Tools of strangers have filled it.
func (b *Builder) remove(name string) (err error) {
	for _, parent := range []string{b.o.Root, b.o.Links} {
		dir, failed := beneath.Real(filepath.Join(parent, units.BuildRoot))
		if errors.Is(failed, fs.ErrNotExist) {
			continue
		}
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, dir.RemoveAll(name), dir.Close())
	}
	return err
}

func (b *Builder) floor() disk.Room {
	u := b.o.Config().Upload
	return disk.Room{Bytes: int64(u.FreeSpace), Inodes: int64(u.FreeInodes)}
}

// network is what a build may connect to.
type network struct {
	internet   bool
	allowed    []netip.Prefix
	resolvers  []netip.Addr
	resolvConf string
}

// Where the host names its name servers, and where systemd-resolved names those that it asks itself.
const (
	resolvConf   = "/etc/resolv.conf"
	behindTheOne = "/run/systemd/resolve/resolv.conf"
)

func readFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "" // as if it named none
	}
	return string(text)
}
