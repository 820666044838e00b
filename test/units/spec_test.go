package units_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/units"
)

// spec runs a shell command for ever, in the default sandbox.
func spec(name string, argv ...string) units.Spec {
	if len(argv) == 0 {
		argv = []string{"/bin/sleep", "100000"}
	}
	id := fmt.Sprintf("%x", name)
	id = (id + strings.Repeat("0", 32))[:32]
	return units.Spec{
		Instance: id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:],
		Name:     name, Kind: "static", HostName: name + ".test",
		Release: strings.Repeat("ab", 32), Directory: "/usr", Exec: argv, Network: "port", Domain: "test",
		StartSec: 120, StopSec: 2, MemoryMax: 128 << 20, TasksMax: 64,
	}
}

func place(s units.Spec) units.Placement {
	if s.Network == units.NetworkSocket {
		return units.Placement{}
	}
	return units.Placement{Port: 12345}
}

func start(t *testing.T, m *units.Manager, s units.Spec) units.Status {
	t.Helper()
	if err := m.Start(t.Context(), s, place(s)); err != nil {
		t.Fatal(err)
	}
	return get(t, m, s.UnitName())
}

func get(t *testing.T, m *units.Manager, unit string) units.Status {
	t.Helper()
	st, err := m.Get(t.Context(), unit)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func stop(t *testing.T, m *units.Manager, unit string) {
	t.Helper()
	if err := m.Stop(context.WithoutCancel(t.Context()), unit); err != nil {
		t.Error(err)
	}
}

// sh runs a command in the machine.
func sh(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-ec", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}
