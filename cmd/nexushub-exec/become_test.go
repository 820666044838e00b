package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// programs are the helper with the Go runtime and, where it is shipped so, without.
func programs(t *testing.T) map[string]string {
	t.Helper()
	flags := map[string]string{"runtime": "-s -w"}
	if runtime.GOARCH == "amd64" {
		flags["no runtime"] = "-s -w -E main.entry"
	}
	out := map[string]string{}
	for name, ldflags := range flags {
		out[name] = filepath.Join(t.TempDir(), "helper")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", ldflags, "-o", out[name], ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	return out
}

func TestBecomes(t *testing.T) {
	const show = `printf '[%s]' "$0" "$@"; printf '%s' "$A:$$"`
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program, "id", "/bin/sh", "-c", show, "=24", "", "a b", "$x", "é")
			cmd.Env = []string{"A=1", "B=2"}
			out, err := cmd.Output()
			if want := "[=24][][a b][$x][é]1:"; err != nil || !strings.HasPrefix(string(out), want) {
				t.Errorf("%q, %v; want %q", out, err, want)
			}
			if _, pid, _ := strings.Cut(string(out), "1:"); pid != strconv.Itoa(cmd.ProcessState.Pid()) {
				t.Errorf("process %q, want the same one, %d", pid, cmd.ProcessState.Pid())
			}
			out, err = exec.Command(program, "-q", "id", "/bin/echo", "=24HOME", "=3D24", "").Output()
			if want := "$HOME =24 \n"; err != nil || string(out) != want {
				t.Errorf("quoted: %q, %v; want %q", out, err, want)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("text\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, program := range programs(t) {
		for _, args := range [][]string{nil, {"-q"}, {"id"}, {"-q", "id"}, {"id", "/no/such/file"}, {"id", file}} {
			err := exec.Command(program, args...).Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != notExecuted {
				t.Errorf("%s: %q: %v, want exit status %d", name, args, err, notExecuted)
			}
		}
	}
}
