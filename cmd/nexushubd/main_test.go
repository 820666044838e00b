package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// child says which part of the program a child process is to run instead of the tests.
const child = "NEXUSHUBD_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(child) {
	case "main":
		main()
		os.Exit(0)
	case "sockets":
		taken, err := sockets(os.Args[1:]...)
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
		for name, l := range taken {
			fmt.Println(name, l.Addr())
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command runs the test program as a part of the real one.
func command(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// systemd names the process in LISTEN_PID
	cmd := exec.CommandContext(t.Context(), "/bin/sh",
		append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, self}, args...)...)
	cmd.Env = append(os.Environ(), child+"="+part)
	return cmd
}

func TestExitStatus(t *testing.T) {
	for args, want := range map[string]struct {
		status int
		stderr string
	}{
		"--version":                 {0, ""},
		"--help":                    {0, "-stop-applications"},
		"--verify":                  {1, "nexushubd: flag provided but not defined: -verify\n"},
		"--config /no/such/folder":  {1, "nexushubd: "},
		"--stop-applications=maybe": {1, `nexushubd: invalid boolean value "maybe"`},
	} {
		cmd := command(t, "main", strings.Fields(args)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != want.status || !strings.Contains(stderr.String(), want.stderr) {
			t.Errorf("%s: exit status %d, %q; want %d, %q", args, got, stderr.String(), want.status, want.stderr)
		}
	}
}

// PID 1 passes sockets by the names that nexushubd.socket and nexushubd-debug.socket give.
func TestSocketsOfSystemd(t *testing.T) {
	dir := t.TempDir()
	var files []*os.File
	for _, name := range []string{"1", "2"} {
		l, err := net.Listen("unix", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close(); f.Close() })
		files = append(files, f)
	}
	take := func(names string) (string, error) {
		cmd := command(t, "sockets", "api", "debug")
		cmd.ExtraFiles = files
		cmd.Env = append(cmd.Env, "LISTEN_FDS=2", "LISTEN_FDNAMES="+names)
		out, err := cmd.Output()
		return string(out), err
	}
	out, err := take("debug:api")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	if want := []string{"api " + dir + "/2", "debug " + dir + "/1"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("took %q, %v; want %q", lines, err, want)
	}
	for names, missing := range map[string]string{"api:other": `"debug"`, "debug:debug": `"api"`} {
		out, err := take(names)
		if err == nil || !strings.Contains(out, missing) || !strings.Contains(out, "systemctl start nexushubd.socket") {
			t.Errorf("%s: %q, %v; want the missing socket's name and what to do", names, out, err)
		}
	}
}
