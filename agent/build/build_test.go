package build

import (
	"archive/zip"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const instance = "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7d01"

// host is a Builder on a real disk, whose builds are played.
type host struct {
	t       *testing.T
	dir     string
	units   *fake.Manager
	conf    *config.Config
	store   *release.Store
	builder *Builder
	builds  atomic.Int32
	by      audience.Installer
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, dir: t.TempDir(), units: fake.New(), conf: config.Default()}
	h.conf.Build.Unfiltered = true
	h.conf.StateDir = h.dir
	h.conf.Upload.FreeSpace, h.conf.Upload.FreeInodes = 0, 0
	for _, dir := range []string{"private", "."} {
		h.must(os.MkdirAll(filepath.Join(h.dir, "cache", dir, units.BuildRoot), 0o755))
	}
	var err error
	h.store, err = release.Open(filepath.Join(h.dir, "releases"), release.Limits{})
	h.must(err)
	h.builder, err = New(t.Context(), Options{
		Units: h.units, Releases: h.store, Config: func() *config.Config { return h.conf },
		Root: filepath.Join(h.dir, "cache/private"), Links: filepath.Join(h.dir, "cache"), Log: slog.New(slog.DiscardHandler),
	})
	h.must(err)
	return h
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// makes lets a build do something in its tree.
func (h *host) makes(do func(tree string) error) {
	h.units.Building = func(_ context.Context, b units.Build, look func() error) (units.Status, error) {
		h.builds.Add(1)
		err := do(filepath.Join(h.dir, "cache/private", units.BuildRoot, b.Work, "tree"))
		if err == nil {
			err = look()
		}
		return units.Status{Unit: b.UnitName(), Result: "success"}, err
	}
}

func (h *host) build(files map[string]string) (Result, error) {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), "x.zip")
	f, err := os.Create(path)
	h.must(err)
	z := zip.NewWriter(f)
	for name, text := range files {
		w, err := z.Create(name)
		h.must(err)
		_, err = w.Write([]byte(text))
		h.must(err)
	}
	h.must(errors.Join(z.Close(), f.Close()))
	o := Order{Instance: instance, Name: "shop", Package: path, By: h.by}
	return h.builder.Release(h.t.Context(), o, func(detect.Build) {})
}

// leaves is what is in the folders of builds.
func (h *host) leaves() (names []string) {
	h.t.Helper()
	for _, dir := range []string{"cache/private", "cache"} {
		entries, err := os.ReadDir(filepath.Join(h.dir, dir, units.BuildRoot))
		h.must(err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

// site is source of which a build makes a site in out.
func site(more string) map[string]string {
	return map[string]string{"a.txt": "a", "src/b.txt": "b", "nexushub.toml": "access = \"open\"\nstatic.folder = \".\"\n" +
		"[build]\ncommand = \"make\"\noutput = \"out\"\n" + more}
}

func makesPage(tree string) error {
	return errors.Join(os.Mkdir(tree+"/out", 0o755), os.WriteFile(tree+"/out/index.html", []byte("made"), 0o600))
}

// metrics are those of builds, as Prometheus reads them.
func (h *host) metrics() map[string]float64 {
	h.t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(h.builder)
	families, err := r.Gather()
	h.must(err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()+" "+m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return got
}

// A build is told while it runs, and counted when it has ended.
func TestABuildIsToldAndCounted(t *testing.T) {
	h := newHost(t)
	h.by = audience.Token("t1")
	var now api.Building
	var under float64
	h.makes(func(tree string) error {
		now, _ = h.builder.Now(instance)
		under = h.metrics()["nexushub_builds_under_way running"]
		return makesPage(tree)
	})
	_, err := h.build(site(""))
	h.must(err)
	if now.Command != "make" || now.By != h.by.String() || now.Waiting || now.Since.IsZero() || under != 1 {
		t.Errorf("told is %+v, %v under way", now, under)
	}
	if now, ok := h.builder.Now(instance); ok {
		t.Errorf("told afterwards: %+v", now)
	}
	h.makes(func(string) error { return &Failure{Why: "it failed"} })
	if _, err := h.build(site("env.A = \"1\"\n")); err == nil {
		t.Error("it has not failed")
	}
	h.makes(func(string) error { h.builder.end(errStopping); return errStopping })
	if _, err := h.build(site("env.A = \"2\"\n")); err == nil {
		t.Error("it has not ended")
	}
	got := h.metrics()
	for key, want := range map[string]float64{"total success": 1, "total failure": 1, "total ended": 1, "total error": 0,
		"under_way running": 0, "under_way waiting": 0} {
		if got["nexushub_builds_"+key] != want {
			t.Errorf("%s is %v, want %v", key, got["nexushub_builds_"+key], want)
		}
	}
	if got["nexushub_build_seconds_total success"] <= 0 {
		t.Errorf("got %v", got)
	}
}

func TestABuildMakesARelease(t *testing.T) {
	h := newHost(t)
	h.makes(makesPage)
	r, err := h.build(site(""))
	h.must(err)
	page, err := os.ReadFile(r.Dir + "/index.html")
	if err != nil || string(page) != "made" || !r.Built || !r.Static {
		t.Errorf("%+v has %q (%v)", r, page, err)
	}
	if !r.Manifest.IsOpen() {
		t.Error("the manifest of the source is not that of the output")
	}
	if left := h.leaves(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	again, err := h.build(site(""))
	if err != nil || again.Built || again.Hash != r.Hash || h.builds.Load() != 1 {
		t.Errorf("%d builds of the same: %v", h.builds.Load(), err)
	}
	if other, err := h.build(site("timeout = \"1m\"\n")); err != nil || other.Hash == r.Hash {
		t.Errorf("another manifest makes the same release (%v)", err)
	}
}

// A developer's build decides nothing about the release that an operator makes of the same source, which may get
// secrets that the developer does not get: not by what it was, and not by what it has left in the cache.
func TestNobodyBuildsForAnother(t *testing.T) {
	h := newHost(t)
	caches := map[string]bool{}
	var releases []string
	root := filepath.Join(h.dir, "cache/private", units.BuildRoot)
	all := []audience.Installer{audience.Token("a"), audience.Token("b"), audience.Operator(1000), audience.Root}
	for _, by := range all {
		h.by = by
		h.units.Building = func(_ context.Context, b units.Build, _ func() error) (units.Status, error) {
			caches[b.Cache] = true
			h.must(os.MkdirAll(filepath.Join(root, b.Cache), 0o700))
			return units.Status{Result: "success"}, makesPage(filepath.Join(root, b.Work, "tree"))
		}
		r, err := h.build(site(""))
		if err != nil || !r.Built || slices.Contains(releases, r.Hash) {
			t.Errorf("%s gets what another has built: %+v (%v)", by, r, err)
		}
		releases = append(releases, r.Hash)
	}
	if len(caches) != 4 {
		t.Errorf("caches of four: %v", caches)
	}
	h.must(h.builder.Forget(instance))
	if left := h.leaves(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatIsNoSourceIsNotBuilt(t *testing.T) {
	h := newHost(t)
	h.makes(makesPage)
	for _, files := range []map[string]string{
		{"index.html": "by hand"},
		{"index.html": "by hand", "nexushub.toml": "[build]\nenabled = false\ncommand = \"make\"\n"},
	} {
		if r, err := h.build(files); err != nil || r.Built || h.builds.Load() > 0 {
			t.Errorf("%v: %+v, %v", files, r, err)
		}
	}
}

// Only its inputs are there when it runs, and only they make another release of it.
func TestInputs(t *testing.T) {
	h := newHost(t)
	h.makes(func(tree string) error {
		if _, err := os.Stat(tree + "/a.txt"); err == nil {
			t.Error("a.txt is no input and is there")
		}
		_, err := os.Stat(tree + "/src/b.txt")
		return errors.Join(err, makesPage(tree))
	})
	files := site(`inputs = ["src"]`)
	first, err := h.build(files)
	h.must(err)
	files["a.txt"] = "changed"
	if r, err := h.build(files); err != nil || r.Hash != first.Hash {
		t.Errorf("what is no input makes another release (%v)", err)
	}
	files["src/b.txt"] = "changed"
	if r, err := h.build(files); err != nil || r.Hash == first.Hash {
		t.Errorf("an input makes no other release (%v)", err)
	}
}

func TestWhatABuildLeavesIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(tree string) error
		want string
	}{
		"no output":     {func(string) error { return nil }, "no folder out"},
		"output a file": {func(tree string) error { return os.WriteFile(tree+"/out", nil, 0o600) }, "no folder out"},
		"output a link": {func(tree string) error { return os.Symlink("/etc", tree+"/out") }, "no folder out"},
		"a link": {func(tree string) error {
			return errors.Join(makesPage(tree), os.Symlink("/etc/shadow", tree+"/out/x"))
		}, "link leads out of the package"},
		"a pipe": {func(tree string) error {
			return errors.Join(makesPage(tree), syscall.Mkfifo(tree+"/out/x", 0o600))
		}, "is a device, pipe or socket"},
		"a hole": {func(tree string) error {
			return errors.Join(makesPage(tree), os.WriteFile(tree+"/out/x", nil, 0o600), os.Truncate(tree+"/out/x", 100<<30))
		}, "package.max_unpacked"},
		"nothing to serve": {func(tree string) error { return os.Mkdir(tree+"/out", 0o755) }, "cannot be a release"},
		"a manifest": {func(tree string) error {
			return errors.Join(makesPage(tree), os.WriteFile(tree+"/out/nexushub.toml", []byte("x = 1"), 0o600))
		}, "unknown key"},
		"too much": {func(tree string) error {
			return os.WriteFile(tree+"/x", make([]byte, 2<<20), 0o600)
		}, "wrote more than 1M"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.conf.Build.Disk = 1 << 20
			h.makes(c.do)
			_, err := h.build(site(""))
			var failure *Failure
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if list, err := h.store.List(); err != nil || len(list) > 0 {
				t.Errorf("releases: %v, %v", list, err)
			}
			if left := h.leaves(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestSetuidIsDropped(t *testing.T) {
	h := newHost(t)
	h.makes(func(tree string) error {
		return errors.Join(makesPage(tree), os.WriteFile(tree+"/out/x", nil, 0o700),
			os.Chmod(tree+"/out/x", 0o777|os.ModeSetuid|os.ModeSetgid|os.ModeSticky))
	})
	r, err := h.build(site(""))
	h.must(err)
	if info, err := os.Stat(r.Dir + "/x"); err != nil || info.Mode() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		conf func(*config.Config)
		more string
		want string
	}{
		"no filter":   {func(c *config.Config) { c.Build.Unfiltered = false }, "", "build.unfiltered = true"},
		"timeout":     {func(*config.Config) {}, `timeout = "2h"`, "build.timeout asks for 2h0m0s, and 30m0s"},
		"memory":      {func(*config.Config) {}, `limits.memory = "64G"`, "build.limits.memory asks for 64G, and 2G"},
		"tasks":       {func(*config.Config) {}, `limits.tasks = 100000`, "build.limits.tasks asks for 100000, and 4096"},
		"no network":  {func(c *config.Config) { c.Policy.Internet = false }, `network.allow = ["10.0.0.0/8"]`, "policy.internet"},
		"a package":   {func(*config.Config) {}, `packages = ["nexushub-none"]`, "apt install nexushub-none"},
		"name server": {func(c *config.Config) { c.Build.ResolvConf = "/nowhere" }, "", "build.resolv_conf"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.makes(makesPage)
			c.conf(h.conf)
			_, err := h.build(site(c.more))
			if !errors.Is(err, api.Invalid) || !strings.Contains(err.Error(), c.want) || h.builds.Load() > 0 {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	u := units.Build{Timeout: time.Minute, Memory: 64 << 20}
	for _, c := range []struct {
		status units.Status
		want   string
	}{
		{units.Status{Result: "success"}, ""},
		{units.Status{Result: "timeout"}, "took longer than 1m0s (build.timeout; the host's most is 30m0s)"},
		{units.Status{Result: "oom-kill"}, "more memory than 64 MiB"},
		{units.Status{Result: "exit-code", LastExit: units.Exit{Code: units.CodeExited, Status: 3}}, "the build failed: exit status 3"},
		{units.Status{Result: "signal", LastExit: units.Exit{Code: units.CodeKilled, Status: 9}}, "the build failed: killed by signal 9 (SIGKILL), as the kernel does"},
		{units.Status{Result: "exit-code", LastExit: units.Exit{Code: units.CodeExited, Status: 137}}, "build.limits.memory was 64 MiB"},
	} {
		err := failed(c.status, u, config.Default().Build)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.status, err, c.want)
		}
	}
}

// No more builds run at a time than may; a context that ends takes its place in the queue with it.
func TestBuildsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		h.conf.Build.AtOnce = 1
		done, err := h.builder.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		left := make(chan error)
		go func() {
			_, err := h.builder.turn(ctx)
			left <- err
		}()
		synctest.Wait()
		cancel(errStopping)
		if err := <-left; !errors.Is(err, errStopping) {
			t.Errorf("got %v", err)
		}
		got := make(chan func())
		go func() {
			next, _ := h.builder.turn(t.Context())
			got <- next
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Error("two at a time")
		default:
		}
		done()
		(<-got)()
	})
}

func TestTheAgentEndsItsBuilds(t *testing.T) {
	h := newHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.units.Building = func(ctx context.Context, _ units.Build, _ func() error) (units.Status, error) {
		cancel()
		<-ctx.Done()
		return units.Status{}, context.Cause(ctx)
	}
	ended := make(chan error)
	go func() { ended <- h.builder.Run(ctx) }()
	if _, err := h.build(site("")); !errors.Is(err, api.Unavailable) {
		t.Errorf("got %v", err)
	}
	h.must(<-ended)
	if left := h.leaves(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestLeftoversAreRemovedAtStart(t *testing.T) {
	h := newHost(t)
	root := filepath.Join(h.dir, "cache/private", units.BuildRoot)
	h.must(errors.Join(os.MkdirAll(root+"/work-x/tree", 0o700), os.Mkdir(root+"/cache-x-1", 0o700),
		os.Symlink("../private/"+units.BuildRoot+"/work-x", filepath.Join(h.dir, "cache", units.BuildRoot, "work-x"))))
	if _, err := New(t.Context(), h.builder.o); err != nil {
		t.Fatal(err)
	}
	if left := h.leaves(); len(left) != 1 || left[0] != "cache-x-1" {
		t.Errorf("left: %v", left)
	}
	h.must(h.builder.Forget("x"))
	if left := h.leaves(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
