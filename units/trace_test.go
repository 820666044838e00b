package units

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// The traces were recorded from PID 1: a service that exits with 3 after 0.3 s, twice,
// and is stopped during its third run.
func traces(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/traces/*.jsonl")
	if err != nil || len(files) < 2 {
		t.Fatalf("traces: %v, %v", files, err)
	}
	return files
}

// play feeds a trace to a Manager and calls look after each signal.
func play(t *testing.T, file string, look func(m *Manager, unitState string)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := &Manager{events: NewQueue(), records: map[string]*record{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		s, state := decodeTrace(t, lines.Bytes())
		m.onPropertiesChanged(s)
		look(m, state)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

func decodeTrace(t *testing.T, line []byte) (s *dbus.Signal, state string) {
	t.Helper()
	var in struct {
		Interface string
		Values    map[string]json.RawMessage
	}
	if err := json.Unmarshal(line, &in); err != nil {
		t.Fatal(err)
	}
	values := map[string]dbus.Variant{}
	for name, raw := range in.Values {
		values[name] = dbus.MakeVariant(typed(t, name, raw))
	}
	body := []any{in.Interface, values, []string{}}
	return &dbus.Signal{Path: unitPath("nexushub-app-trace-00000000.service"),
		Name: propertiesInterface + ".PropertiesChanged", Body: body}, propertyMap(values).text("ActiveState")
}

// typed gives a value the type it has on the bus.
func typed(t *testing.T, name string, raw json.RawMessage) any {
	t.Helper()
	decode := func(into any) {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case strings.HasSuffix(name, "Timestamp"):
		var v uint64
		decode(&v)
		return v
	case strings.HasSuffix(name, "PID") || name == "NRestarts":
		var v uint32
		decode(&v)
		return v
	case name == "ExecMainCode" || name == "ExecMainStatus":
		var v int32
		decode(&v)
		return v
	case name == "InvocationID":
		var v []byte
		decode(&v)
		return v
	}
	var v string
	decode(&v)
	return v
}

// TestTrap01StartEdge: "inactive/dead" before a start is no exit, each crash is one.
func TestTrap01StartEdge(t *testing.T) {
	for _, file := range traces(t) {
		var exits []Exit
		sawActive := false
		play(t, file, func(m *Manager, state string) {
			sawActive = sawActive || state == "active"
			for _, r := range m.records {
				if e := r.lastExit; !e.IsZero() && !slices.Contains(exits, e) {
					exits = append(exits, e)
					if !sawActive {
						t.Errorf("%s: an exit before it ran: %v", file, e)
					}
				}
			}
		})
		if len(exits) != 3 || exits[0].Status != 3 || exits[1].Status != 3 || exits[2].Code != CodeKilled {
			t.Errorf("%s: exits %+v, want 3, 3 and a signal", file, exits)
		}
	}
}

// TestTrap02FailedBeforeRestart: the trace shows "failed" although it comes back, and
// whoever follows the signals hears nothing but when to look.
func TestTrap02FailedBeforeRestart(t *testing.T) {
	for _, file := range traces(t) {
		failed := 0
		play(t, file, func(m *Manager, state string) {
			if state == "failed" {
				failed++
			}
			for _, r := range m.records {
				if r.read {
					t.Fatalf("%s: a signal was taken for the state", file)
				}
			}
		})
		if failed == 0 {
			t.Errorf("%s: shows no failed state, so it proves nothing", file)
		}
	}
}

func TestEnded(t *testing.T) {
	for _, c := range []struct {
		active, sub, job string
		want             bool
	}{
		{"active", "running", "", false},
		{"activating", "auto-restart", "", false},
		{"failed", "failed-before-auto-restart", "", false},
		{"inactive", "dead-before-auto-restart", "", false},
		{"inactive", "dead", "/org/freedesktop/systemd1/job/7", false},
		{"inactive", "dead", "", true},
		{"failed", "failed", "", true},
	} {
		if got := (Status{ActiveState: c.active, SubState: c.sub, Job: c.job}).Ended(); got != c.want {
			t.Errorf("%+v: ended %v", c, got)
		}
	}
}

func TestExitWords(t *testing.T) {
	for want, e := range map[string]Exit{
		"has not exited": {},
		"exit status 7":  {Code: CodeExited, Status: 7, Result: "exit-code"},
		"exit status 203: the command could not be executed": {Code: CodeExited, Status: 203,
			Result: "exit-code"},
		"killed by signal 9 (SIGKILL)":                                   {Code: CodeKilled, Status: 9, Result: "signal"},
		"dumped core on signal 6 (SIGABRT)":                              {Code: CodeDumped, Status: 6, Result: "core-dump"},
		"out of memory, killed by the kernel":                            {Code: CodeKilled, Status: 9, Result: "oom-kill"},
		"watchdog: did not report in time, killed by signal 6 (SIGABRT)": {Code: CodeKilled, Status: 6, Result: "watchdog"},
		"timeout, killed by signal 15 (SIGTERM)":                         {Code: CodeKilled, Status: 15, Result: "timeout"},
	} {
		if got := e.String(); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}
