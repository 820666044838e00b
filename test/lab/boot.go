package lab

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// Boot starts a machine for a test and takes it away with the test; a failed test
// shows the end of the machine's journal.
func Boot(t testing.TB, o Options) *Machine {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Minute)
	defer cancel()
	m, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			m.report(t)
		}
		if err := m.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (m *Machine) report(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	journal, err := m.Journal(ctx, "", 3000)
	if err != nil {
		t.Logf("no journal: %v\n%s", err, m.Console())
		return
	}
	lines := slices.DeleteFunc(strings.Split(journal, "\n"), func(line string) bool {
		return strings.Contains(line, "trace") // lines per request would drown everything else
	})
	t.Logf("journal of %s:\n%s", m.Suite, strings.Join(lines[max(0, len(lines)-150):], "\n"))
}

// Must runs a command in the machine and ends the test when it fails.
func (m *Machine) Must(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := m.Output(t.Context(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// MustInstall installs the package under test and returns what apt printed.
func (m *Machine) MustInstall(t testing.TB) string {
	t.Helper()
	deb, err := Deb()
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.InstallDeb(t.Context(), deb)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
