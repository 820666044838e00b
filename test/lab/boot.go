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

// EachSuite runs a test for every Debian release, one after the other: what is under load, or measured, needs the
// processors to itself.
func EachSuite(t *testing.T, test func(*testing.T, Suite)) {
	t.Helper()
	for _, s := range Suites {
		t.Run(string(s), func(t *testing.T) { test(t, s) })
	}
}

// EachSuiteAtOnce runs a test for all Debian releases at the same time: most tests mostly wait.
func EachSuiteAtOnce(t *testing.T, test func(*testing.T, Suite)) {
	t.Helper()
	for _, s := range Suites {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}
