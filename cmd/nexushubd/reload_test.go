package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestAtStartOnly(t *testing.T) {
	if late := atStartOnly(config.Default(), config.Default()); len(late) != 0 {
		t.Errorf("nothing changed, but %v waits for a restart", late)
	}
	now := config.Default()
	now.Ports.Last++
	now.Admin.Enabled = true
	now.Metrics.Listen = "127.0.0.1:9100"
	now.Restart.Delay = manifest.Duration(time.Minute) // taken over at once
	now.Apps = []config.App{{HostName: "a"}}
	late, want := atStartOnly(config.Default(), now), []string{"admin.enabled", "metrics.listen", "ports.last"}
	if !slices.Equal(late, want) {
		t.Errorf("%v, want %v", late, want)
	}
}

func mustLoad(t *testing.T, dir string) *config.Config {
	t.Helper()
	conf, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func rewrite(t *testing.T, dir, more string) {
	t.Helper()
	text := "state_dir = \"" + dir + "\"\nrun_dir = \"" + dir + "\"\n" + more
	if err := os.WriteFile(filepath.Join(dir, "nexushub.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	dir := folder(t, "")
	d := runDaemon(t, dir, nil)

	rewrite(t, dir, "log_level = \"debug\"\n")
	if remark := d.reload(t.Context()); remark != "" || d.level.Level() != slog.LevelDebug {
		t.Errorf("%q, level %s; want all of it in force", remark, d.level.Level())
	}

	rewrite(t, dir, "log_level = \"warn\"\nnonsense = 1\n")
	remark := d.reload(t.Context())
	if !strings.Contains(remark, "keeping the old one") || !strings.Contains(remark, "nexushub.toml:4") ||
		strings.Contains(remark, "\n") {
		t.Errorf("%q, want one line with file and line", remark)
	}
	if d.level.Level() != slog.LevelDebug {
		t.Error("a configuration that was refused changed the level")
	}
	if _, err := d.Waiting(t.Context()); !errors.Is(err, api.Invalid) || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("waiting: %v, want that there are faults, and none of them", err)
	}

	rewrite(t, dir, "domain = \"example.com\"\n[ports]\nfirst = 20000\nlast = 20010\n[releases]\nkeep = 9\n")
	wantWaiting(t, d, "systemctl reload nexushubd: log_level releases.keep",
		"systemctl restart nexushubd: domain ports.first ports.last")
	remark = d.reload(t.Context())
	for _, want := range []string{"domain", "ports.first, ports.last", "systemctl restart nexushubd"} {
		if !strings.Contains(remark, want) {
			t.Errorf("%q does not name %q", remark, want)
		}
	}
	wantWaiting(t, d, "systemctl restart nexushubd: domain ports.first ports.last")
}

// wantWaiting compares what waits with lines "COMMAND: KEYS".
func wantWaiting(t *testing.T, d *running, want ...string) {
	t.Helper()
	list, err := d.Waiting(t.Context())
	got := []string{}
	for _, w := range list {
		got = append(got, w.Command+": "+strings.Join(w.Keys, " "))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("waiting: %q, %v; want %q", got, err, want)
	}
}

// Each table of the configuration is taken over by a reload or named as one that is not:
// a new one must be put into one list or the other.
func TestEveryKeyIsReloadedOrNamed(t *testing.T) {
	reloaded := strings.Fields("Root LogLevel LoginInstance AdminInstance Releases Build Restart Limits Policy Defaults " +
		"Apps Unusable Incomplete")
	named := strings.Fields("Domain StateDir RunDir Ports Admin Upload Package Git Metrics Proxy")
	fields := reflect.TypeFor[config.Config]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if !slices.Contains(reloaded, name) && !slices.Contains(named, name) {
			t.Errorf("what does a reload do with %s?", name)
		}
	}
	for _, name := range named {
		now := config.Default()
		change(t, reflect.ValueOf(now).Elem().FieldByName(name))
		if late := atStartOnly(config.Default(), now); len(late) != 1 {
			t.Errorf("%s changed, and %v waits for a restart", name, late)
		}
	}
}

// change makes a value differ, or the first field of a struct.
func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.Kind() == reflect.Struct:
		change(t, v.Field(0))
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	default:
		t.Fatalf("no way to change %s", v.Type())
	}
}
