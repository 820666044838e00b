package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/calendar"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Dir is where the configuration lies on an installed host.
const Dir = "/etc/nexushub"

// LetsEncrypt is the authority unless another is named.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// Default is the configuration of an empty folder.
func Default() *Config {
	return &Config{
		Domain:        "yesterday.localhost",
		StateDir:      "/var/lib/nexushub",
		RunDir:        "/run/nexushub",
		LogLevel:      "info",
		LoginInstance: "3bf3e3c0-6e51-482a-b180-00f6aa568ee9",
		AdminInstance: "18736e4f-93f9-4606-a7be-863c7986ea5b",
		Ports:         Ports{First: 10000, Last: 19999},
		Admin:         Admin{Interval: seconds(5), MaxApps: 1000},
		Releases:      Releases{Keep: 3},
		Upload: Upload{
			MaxHeld: 16 << 30, MaxHeldEach: 8 << 30, MaxApps: 100, MaxAppsEach: 50,
			MaxSize: 1 << 30, MaxChunks: 1 << 16, FreeSpace: 512 << 20, FreeInodes: 10_000,
			MaxAge: manifest.Duration(24 * time.Hour), Expiry: manifest.Duration(time.Hour),
		},
		Package: Package{
			MaxEntries: 50_000, MaxUnpacked: 1 << 30, MaxRatio: 200,
			MaxDepth: 100, MaxPath: 1024, MaxNames: 16 << 20, MaxTime: manifest.Duration(10 * time.Minute),
		},
		Build:   Build{Timeout: seconds(1800), Memory: 2 << 30, Tasks: 4096, Disk: 8 << 30, AtOnce: 2},
		Git:     Git{MaxSize: 1 << 30, MaxObjects: 500_000},
		Restart: Restart{Delay: seconds(2), MaxDelay: seconds(15), HealthyAfter: seconds(60)},
		Limits: Limits{Max: manifest.Ceiling{
			Tasks: 32768, StopTimeout: seconds(3600), StartPeriod: seconds(3600), IdleTimeout: seconds(24 * 3600),
			Replicas: 16,
		}},
		Policy:   Policy{Open: true, Internet: true, Databases: true, ACME: CertPolicy{Names: 40, NamesEach: 10}},
		Defaults: manifest.Default(),
		Proxy:    defaultProxy(),
	}
}

func defaultProxy() Proxy {
	return Proxy{
		CertDir: "/etc/nexushub/certs", StateDir: "/var/lib/nexushub-proxy",
		HoldTimeout: seconds(10), DrainTimeout: seconds(30), HeaderTimeout: seconds(10),
		IdleTimeout: seconds(120), StallTimeout: seconds(60),
		MaxConnections: 20_000, MaxStreams: 20_000, MaxHeaderBytes: 64 << 10, MaxHeaders: 128,
		MaxSlide: seconds(12 * 3600), IntrospectInterval: seconds(600),
		AccessLog: true, AccessLogRate: 1000,
		ACME: ACME{Directory: LetsEncrypt},
	}
}

func seconds(n int) manifest.Duration { return manifest.Duration(time.Duration(n) * time.Second) }

// Load reads dir (nexushub.toml, conf.d, apps.d). The error lists every fault of
// every file. A folder without nexushub.toml is an error: a daemon that runs on
// defaults because of a mistyped path would be a silent fallback.
func Load(dir string) (*Config, error) {
	l := loader{dir: dir}
	return l.load()
}

// LoadToStart is Load for a start, where what concerns one application is no fault of the
// whole: one file with a slip would keep every application of the host down after a reboot,
// and so would whoever owns the folder of a package. A package or static_path that is not
// there is returned for the log; the agent looks for it again and again. An application
// whose file has faults has App.Problem.
func LoadToStart(dir string) (c *Config, missing tomlfile.Faults, err error) {
	l := loader{dir: dir, starting: true}
	c, err = l.load()
	return c, l.missing, err
}

func (l *loader) load() (*Config, error) {
	dir := l.dir
	l.config = Default()
	l.config.Root = dir
	l.main(filepath.Join(dir, "nexushub.toml"), true)
	for _, name := range l.list("conf.d") {
		l.main(name, false)
	}
	l.config.Defaults = l.config.given().Lower(l.config.Defaults)
	for _, name := range l.list("apps.d") {
		l.app(name)
	}
	l.finish()
	if len(l.faults) > 0 {
		l.faults.Sort()
		return nil, l.faults
	}
	return l.config, nil
}

type loader struct {
	dir    string
	config *Config
	faults tomlfile.Faults
	apps   []*tomlfile.File // parallel to config.Apps

	starting bool
	missing  tomlfile.Faults // of a start
}

func (l *loader) list(folder string) []string {
	entries, err := os.ReadDir(filepath.Join(l.dir, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.fail(filepath.Join(l.dir, folder), err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".toml") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, filepath.Join(l.dir, folder, e.Name()))
		}
	}
	return names
}

func (l *loader) read(path string) *tomlfile.File {
	data, err := content(path)
	if err != nil {
		l.fail(path, err)
		return nil
	}
	return tomlfile.Parse(path, data)
}

// maxFile is what is read of one file: who may write configuration need not be root.
const maxFile = 1 << 20

func content(path string) ([]byte, error) {
	f, _, err := beneath.Named(path)
	if err != nil {
		return nil, err
	}
	data, err := beneath.ReadAll(f, maxFile)
	return data, errors.Join(err, f.Close())
}

func (l *loader) fail(path string, err error) { l.faults = append(l.faults, unreadable(path, err)) }

func unreadable(path string, err error) tomlfile.Fault {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return tomlfile.Fault{File: path, Problem: fmt.Sprintf("cannot be read: %v", err)}
}

func (l *loader) main(path string, withRoot bool) {
	if f := l.read(path); f != nil {
		l.lay(f, withRoot)
	}
}

// lay puts what a file says over what the files before it have said.
func (l *loader) lay(f *tomlfile.File, withRoot bool) {
	f.Bind(l.config)
	manifest.Check(f, "defaults.", &l.config.Defaults)
	for _, key := range []string{"defaults.processes", "defaults.jobs"} {
		if f.Has(key) {
			f.Fault(key, "belong to one application: write them into its manifest or its file in apps.d")
		}
	}
	noBuild(f, "defaults.build", l.config.Defaults.Build)
	checkMain(f, l.config)
	checkCeiling(f, "defaults.", l.config, l.config.Defaults)
	if root := l.config.Root; f.Has("root") && !filepath.IsAbs(root) {
		l.config.Root = filepath.Join(l.dir, root)
	}
	for _, fault := range f.Faults {
		// A later file is not to blame for what an earlier one says.
		if withRoot || fault.Line > 0 {
			l.faults = append(l.faults, fault)
		}
	}
}

func (l *loader) app(path string) {
	data, err := content(path)
	if err != nil {
		l.failApp(path, err)
		return
	}
	f := tomlfile.Parse(path, data)
	app := App{File: path, AppID: strings.TrimSuffix(filepath.Base(path), ".toml")}
	f.Bind(&app)
	manifest.Check(f, "", &app.Manifest)
	checkSchedules(f, app.Manifest)
	noBuild(f, "build", app.Build)
	checkApp(f, &app)
	checkCeiling(f, "", l.config, app.Manifest)
	if l.starting && len(f.Faults) > 0 {
		app.identify(data)
	}
	l.config.Apps = append(l.config.Apps, app)
	l.apps = append(l.apps, f)
}

// checkSchedules lets systemd read them.
func checkSchedules(f *tomlfile.File, m manifest.Manifest) {
	for name, job := range m.Jobs {
		key := "jobs." + name + ".schedule"
		if !f.Has(key) {
			continue
		}
		if err := calendar.Check(job.Schedule); err != nil {
			f.Fault(key, "%v", err)
		}
	}
}

// failApp is about a file of apps.d that cannot be read.
func (l *loader) failApp(path string, err error) {
	if !l.starting {
		l.fail(path, err)
		return
	}
	l.config.Unusable = append(l.config.Unusable, unreadable(path, err))
	l.config.Incomplete = true
}

// finish resolves what needs every file to be read: relative paths and names used twice.
func (l *loader) finish() {
	for i := range l.config.Apps {
		app := &l.config.Apps[i]
		app.Package = l.resolve(app.Package)
		app.StaticPath = l.resolve(app.StaticPath)
		l.checkPath(i, "package", app.Package)
		l.checkPath(i, "static_path", app.StaticPath)
		l.checkTwice(i)
	}
	if l.starting {
		l.setAside()
		return
	}
	for _, f := range l.apps {
		l.faults = append(l.faults, f.Faults...)
	}
}

func (l *loader) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.config.Root, path)
}

func (l *loader) checkPath(i int, key, path string) {
	if path == "" {
		return
	}
	if _, err := os.Stat(path); err == nil {
		return
	}
	const problem = "%s does not exist (relative paths start at %s)"
	if l.starting {
		l.missing = append(l.missing, l.apps[i].Describe(key, problem, path, l.config.Root))
		return
	}
	l.apps[i].Fault(key, problem, path, l.config.Root)
}

func (l *loader) checkTwice(i int) {
	app := l.config.Apps[i]
	l.checkHostsFree(i, l.config.Apps[:i])
	for j, other := range l.config.Apps[:i] {
		if app.InstanceID != "" && app.InstanceID == other.InstanceID && !l.waits(j) {
			l.apps[i].Fault("instance_id", "is used by %s already", l.apps[j].Name)
		}
	}
}

// waits says of a start that an application has faults of its own, and takes nothing away from
// one that has none.
func (l *loader) waits(i int) bool { return l.starting && len(l.apps[i].Faults) > 0 }

// File is a file as somebody has it in memory.
type File struct {
	Path    string
	Content []byte
}

// OfFiles is LoadProxy of files that need not be on disk, in the order in which they count.
func OfFiles(files []File) (*Config, error) {
	l := loader{config: Default()}
	for i, f := range files {
		l.lay(tomlfile.Parse(f.Path, f.Content), i == 0)
	}
	if len(l.faults) > 0 {
		l.faults.Sort()
		return nil, l.faults
	}
	return l.config, nil
}

// LoadProxy reads nexushub.toml and conf.d alone. The proxy has no business with
// apps.d: a fault in one application's file must not keep it from serving the others.
func LoadProxy(dir string) (*Config, error) {
	l := loader{dir: dir, config: Default()}
	l.config.Root = dir
	l.main(filepath.Join(dir, "nexushub.toml"), true)
	for _, name := range l.list("conf.d") {
		l.main(name, false)
	}
	if len(l.faults) > 0 {
		l.faults.Sort()
		return nil, l.faults
	}
	return l.config, nil
}
