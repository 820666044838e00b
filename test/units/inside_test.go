// Package units_test runs the real units.Manager against the real PID 1 of Debian 12 and
// 13. Each test is one function that runs twice: outside it boots a machine, copies this
// very test program into it and runs itself there; inside it does the work.
package units_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// insideVariable tells the program that it runs in the machine.
const insideVariable = "NEXUSHUB_INSIDE"

// inMachine runs test inside a fresh machine of every suite.
func inMachine(t *testing.T, test func(t *testing.T, m *units.Manager)) {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		test(t, dial(t))
		return
	}
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) { runInside(t, s, t.Name()) })
}

func runInside(t *testing.T, suite lab.Suite, name string) {
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	m := lab.Boot(t, lab.Options{Suite: suite})
	for _, file := range []string{"units.test", "nexushub-exec"} {
		m.MustCopyIn(t, filepath.Join(program, file), "/usr/lib/nexushub/"+file)
	}
	name, _, _ = strings.Cut(name, "/")
	// longer than the test inside has, which then says where it hangs
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	out, err := m.Output(ctx, "env", insideVariable+"=1", "/usr/lib/nexushub/units.test", "-test.v", "-test.timeout",
		"5m", "-test.run", "^"+name+"$")
	if err != nil {
		t.Fatalf("inside: %v\n%s", err, out)
	}
	if !strings.Contains(out, "--- PASS: "+name) {
		t.Fatalf("inside nothing ran:\n%s", out)
	}
	t.Log(out)
}

// build makes the programs once: without cgo, so that any machine can run them.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nexushub-units-test-")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"test", "-c", "-o", filepath.Join(dir, "units.test"), "."},
		{"build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "nexushub-exec"), "../../cmd/nexushub-exec"},
	} {
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve())
		os.Exit(1)
	}
	code := m.Run()
	if os.Getenv(insideVariable) == "" {
		if dir, err := build(); err == nil {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// dial connects a Manager that runs until the test ends.
func dial(t *testing.T) *units.Manager {
	t.Helper()
	m, err := units.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run(t, m)
	return m
}

func run(t *testing.T, m *units.Manager) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // cleanups still need it
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}
