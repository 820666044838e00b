package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// unpack lays the files of an archive into a fresh folder and returns the section "errors".
func unpack(t *testing.T, ar *txtar.Archive) (dir, want string) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range ar.Files {
		if f.Name == "errors" {
			want = string(f.Data)
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, want
}

// Each file of testdata is a whole configuration with the errors it must give.
func TestLoadRefusesBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("golden files: %d, %v; want at least 20", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := unpack(t, ar)
			_, err = Load(dir)
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.ReplaceAll(err.Error(), dir+"/", "") + "\n"
			got = strings.ReplaceAll(got, dir, "DIR")
			if *update {
				writeGolden(t, file, ar, got)
				return
			}
			if got != want {
				t.Errorf("errors:\n%swant:\n%s", got, want)
			}
		})
	}
}

func writeGolden(t *testing.T, file string, ar *txtar.Archive, got string) {
	t.Helper()
	for i := range ar.Files {
		if ar.Files[i].Name == "errors" {
			ar.Files[i].Data = []byte(got)
		}
	}
	if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
		t.Fatal(err)
	}
}

const good = `
-- nexushub.toml --
domain = "Example.ORG"
[ports]
first = 12000
[defaults.limits]
memory = "64M"
[proxy]
max_slide = "0s"
-- conf.d/50-site.toml --
log_level = "debug"
[ports]
last = 12100
-- apps/hello/bin/app --
-- apps.d/hello.toml --
instance_id = "1F0C9B3E-7D55-4A0E-9F0E-0C5D1A2B3C4D"
host_name = "Hello.Example.org:8443"
package = "apps/hello"
[health]
path = "/-/healthy"
interval = "1m30s"
-- apps.d/README.md --
not read
`

func TestLoadLaysFilesOverDefaults(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(good)))
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain != "example.org" || c.LogLevel != "debug" || c.Ports != (Ports{12000, 12100}) {
		t.Errorf("main: domain %q, level %q, ports %v", c.Domain, c.LogLevel, c.Ports)
	}
	if c.Proxy.MaxSlide != 0 || c.Proxy.IntrospectInterval.Std() != 10*time.Minute {
		t.Errorf("proxy: %+v", c.Proxy)
	}
	if c.Defaults.Limits.Memory != 64<<20 || c.Defaults.Health.Path != "/api/status" {
		t.Errorf("defaults: %+v", c.Defaults)
	}
	if len(c.Apps) != 1 {
		t.Fatalf("apps: %+v", c.Apps)
	}
	app := c.Apps[0]
	if app.HostName != "hello.example.org" || app.AppID != "hello" || app.Name != "hello" ||
		app.Package != filepath.Join(dir, "apps/hello") {
		t.Errorf("app: %+v", app)
	}
	if app.InstanceID != "1f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d" || app.Health.Interval.Std() != 90*time.Second {
		t.Errorf("app: id %q, health %+v", app.InstanceID, app.Health)
	}
	m := app.Over(c.Defaults)
	if m.Limits.Memory != 64<<20 || m.Health.Path != "/-/healthy" || m.Health.Failures != 2 {
		t.Errorf("manifest over defaults: %+v", m)
	}
}

// People write a name as they read it; DNS and the proxy have another form of it.
func TestLoadTakesInternationalNames(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte("-- nexushub.toml --\ndomain = \"Bücher.example\"\n-- site/x --\n-- apps.d/a.toml --\n"+
		"instance_id = \"1f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d\"\nhost_name = \"straße.bücher.example:8443\"\nstatic_path = \"site\"\n")))
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain != "xn--bcher-kva.example" || c.Apps[0].HostName != "xn--strae-oqa.xn--bcher-kva.example" {
		t.Errorf("domain %q, host name %q", c.Domain, c.Apps[0].HostName)
	}
}

// A relative root starts at the folder of the configuration, whichever file says it.
func TestLoadResolvesARelativeRoot(t *testing.T) {
	for _, file := range []string{"nexushub.toml", "conf.d/50-site.toml"} {
		text := "-- nexushub.toml --\n-- apps/readme --\n-- " + file + " --\nroot = \"apps\"\n"
		dir, _ := unpack(t, txtar.Parse([]byte(text)))
		c, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, "apps"); c.Root != want {
			t.Errorf("%s: root is %q, want %q", file, c.Root, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("domain = \"x\"\n[ports]\nfirst = 1\n"), []byte("instance_id = \"x\"\n[health]\npath = \"/\"\n"))
	f.Fuzz(func(t *testing.T, main, app []byte) {
		dir, _ := unpack(t, &txtar.Archive{Files: []txtar.File{
			{Name: "nexushub.toml", Data: main}, {Name: "apps.d/a.toml", Data: app},
		}})
		c, err := Load(dir)
		if (c == nil) == (err == nil) {
			t.Errorf("config %v, error %v", c, err)
		}
	})
}

// Who may write configuration need not be root: nothing there keeps the agent waiting.
func TestLoadWaitsForNoPipe(t *testing.T) {
	dir := t.TempDir()
	app := filepath.Join(dir, "apps.d/a.toml")
	if err := errors.Join(os.Mkdir(filepath.Dir(app), 0o755),
		os.WriteFile(filepath.Join(dir, "nexushub.toml"), nil, 0o644), syscall.Mkfifo(app, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a FIFO: %v", err)
	}
	if err := errors.Join(os.Remove(app), os.WriteFile(app, nil, 0o644), os.Truncate(app, 1<<40)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a terabyte: %v", err)
	}
}

// Wherever it is loaded from, and however many files there are, relative paths start at the folder.
func TestRelativeFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"etc/nexushub.toml":     "",
		"etc/conf.d/a.toml":     "",
		"etc/site/index.html":   "",
		"etc/apps.d/hello.toml": "instance_id = \"1f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d\"\nhost_name = \"hello.org\"\nstatic_path = \"site\"\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	c, err := Load("etc")
	if err != nil || c.Root != "etc" {
		t.Fatalf("root %q, %v", c.Root, err)
	}
}

// Of two files the later one has the last word: the defaults of one end at the ceiling of the other.
func TestCeilingHoldsForDefaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nexushub.toml": "", "conf.d/a.toml": "[defaults.limits]\nmemory = \"1G\"\n", "conf.d/b.toml": "[limits.max]\nmemory = \"64M\"\ncpu = 50\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Defaults.Limits; got.Memory != 64<<20 || got.CPU != 50 {
		t.Errorf("an application that asks for nothing gets %+v", got)
	}
}

// What a developer can take away keeps nothing from starting but his own application.
func TestStartWithoutAPackage(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/app-no-such-folder.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, want := unpack(t, ar)
	c, missing, err := LoadToStart(dir)
	if err != nil || len(c.Apps) != 1 {
		t.Fatalf("%v, %v", c, err)
	}
	missing.Sort()
	got := strings.ReplaceAll(strings.ReplaceAll(missing.Error(), dir+"/", ""), dir, "DIR") + "\n"
	if got != want {
		t.Errorf("missing:\n%swant:\n%s", got, want)
	}
}

// One file with a slip keeps its own application waiting, and no other.
func TestStartWithoutAFile(t *testing.T) {
	const first, second = "1f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d", "2f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d"
	sound := "instance_id = \"" + first + "\"\nhost_name = \"good.example\"\nstatic_path = \"site\"\n"
	identity := "instance_id = \"" + second + "\"\n  host_name='Bad.example:8443'\n"
	for name, c := range map[string]struct {
		file       string
		known      string // host name of the application that waits
		incomplete bool
	}{
		"unknown key":     {identity + "static_path = \"site\"\nnonsense = 1\n", "bad.example", false},
		"bad value":       {identity + "static_path = \"site\"\nnetwork = \"bridge\"\n", "bad.example", false},
		"syntax":          {identity + "static_path = \"site\n[health\n", "bad.example", false},
		"no identity":     {"static_path = \"site\"\n", "", true},
		"no host name":    {"instance_id = \"" + second + "\"\n", "", true},
		"bad id":          {"instance_id = \"x\"\nhost_name = \"bad.example\"\n", "", true},
		"empty":           {"", "", true},
		"not utf-8":       {"\xff\xfe\x00", "", true},
		"host of another": {strings.ReplaceAll(identity, "Bad", "good") + "static_path = \"site\"\n", "good.example", false},
		"id of another":   {strings.ReplaceAll(identity, second, first), "", false},
	} {
		for _, order := range []string{"a", "z"} { // before the good one and after it
			dir, _ := unpack(t, &txtar.Archive{Files: []txtar.File{{Name: "nexushub.toml"}, {Name: "site/index.html"},
				{Name: "apps.d/good.toml", Data: []byte(sound)}, {Name: "apps.d/" + order + ".toml", Data: []byte(c.file)}}})
			if _, err := Load(dir); err == nil {
				t.Errorf("%s: a reload takes it", name)
			}
			conf, _, err := LoadToStart(dir)
			if err != nil || len(conf.Unusable) == 0 || conf.Incomplete != c.incomplete {
				t.Errorf("%s: %+v, %v", name, conf, err)
				continue
			}
			served, waiting := "", ""
			for _, app := range conf.Apps {
				if app.Problem == "" {
					served += app.HostName
				} else if waiting += app.HostName; app.StaticPath != "" || !strings.Contains(app.Problem, "apps.d/") {
					t.Errorf("%s: %+v", name, app)
				}
			}
			if name == "host of another" && order == "a" {
				served, waiting = waiting, served // the second to name it waits
			}
			if served != "good.example" || waiting != c.known {
				t.Errorf("%s: served %q, waiting %q, want %q", name, served, waiting, c.known)
			}
		}
	}
	dir, _ := unpack(t, txtar.Parse([]byte("-- nexushub.toml --\nnonsense = 1\n")))
	if _, _, err := LoadToStart(dir); err == nil {
		t.Error("it starts with a fault that concerns everything")
	}
}
