package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/test/lab"
)

// terminal is a pseudo-terminal with a program in it.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd

	mu     sync.Mutex // guards the field that follows
	screen bytes.Buffer
}

// inTerminal runs the client in the machine with a terminal of its own.
func inTerminal(t *testing.T, m *lab.Machine, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, master: master, slave: slave}
	x.cmd = m.Terminal(context.Background(), "env", append([]string{"TERM=xterm", "nexushub"}, args...)...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = slave, slave, slave
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.read()
	t.Cleanup(func() { _ = x.cmd.Process.Kill(); slave.Close(); master.Close() })
	return x
}

func (x *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := x.master.Read(buf)
		x.mu.Lock()
		x.screen.Write(buf[:n])
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.String()
}

// await waits for a pattern behind what was awaited before.
func (x *terminal) await(pattern string) {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.Now().Add(90 * time.Second)
	for !re.MatchString(x.text()) {
		if time.Now().After(deadline) {
			x.t.Fatalf("%q does not appear in:\n%s", pattern, x.text())
		}
		time.Sleep(20 * time.Millisecond)
	}
	x.mu.Lock()
	x.screen.Reset()
	x.mu.Unlock()
}

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := x.master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// settings are the terminal's, to be the same before and after.
func (x *terminal) settings() unix.Termios {
	x.t.Helper()
	s, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *s
}

// restored waits for the terminal to be as it was.
func (x *terminal) restored(before unix.Termios) {
	x.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); x.settings() != before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			x.t.Fatalf("the terminal is not as it was: %+v, not %+v", x.settings(), before)
		}
	}
}

func (x *terminal) wait(code int) {
	x.t.Helper()
	err := x.cmd.Wait()
	if got := x.cmd.ProcessState.ExitCode(); got != code {
		x.t.Errorf("exit code %d, not %d (%v):\n%s", got, code, err, x.text())
	}
}

const loop = "#!/bin/sh\nwhile :; do echo tick; sleep 1; done\n"

// machine boots one with a folder to deploy.
func machine(t *testing.T) *lab.Machine {
	t.Helper()
	m := lab.Boot(t, lab.Options{Suite: lab.Bookworm})
	m.MustInstall(t)
	m.Must(t, "mkdir", "-p", "/srv/app/bin")
	for name, content := range map[string]string{"bin/app": loop, "nexushub.toml": "[health]\ntype = \"none\"\n"} {
		if err := m.WriteFile(t.Context(), filepath.Join("/srv/app", name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// In a terminal dev takes keys, and leaves the terminal as it was: after Q, after
// Ctrl-C, and when its application is gone.
func TestDevInATerminal(t *testing.T) {
	m := machine(t)
	for _, end := range []struct {
		key  string
		code int
	}{{"q", 0}, {"\x03", -1}} { // Ctrl-C also ends nsenter, which is between us
		x := inTerminal(t, m, "dev", "/srv/app", "--build", "echo built")
		before := x.settings()
		x.await(`(?s)built.*running.*R rebuild and redeploy, Q stop`)
		if x.settings() == before {
			t.Error("keys would need a return")
		}
		x.await("tick")
		x.press("r")
		x.await(`(?s)built.*R rebuild`)
		x.press(end.key)
		x.await("removed application app-dev")
		x.wait(end.code)
		x.restored(before)
	}
}

// An upload of some size shows how far it is, how fast, and how long it takes; a
// client that is killed goes on where it was, and so does one whose agent is killed.
func TestUploadInATerminal(t *testing.T) {
	m := machine(t)
	m.Must(t, "dd", "if=/dev/urandom", "of=/srv/app/ballast", "bs=1M", "count=200", "status=none")
	x := inTerminal(t, m, "deploy", "/srv/app")
	x.await(`uploading +[1-9][0-9]?%.*MiB/s.*\[`)
	m.Must(t, "pkill", "-KILL", "-x", "nexushub")
	x.wait(-1)
	arrived := status(t, m)
	if arrived == 0 {
		t.Error("nothing has arrived when the client is killed")
	}
	x = inTerminal(t, m, "deploy", "/srv/app")
	x.await(`uploading`)
	m.Must(t, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "nexushubd")
	x.await(`https://app\.debug\.yesterday\.localhost:8443/`)
	x.wait(0)
}

// status is how many chunks of the application's upload are there.
func status(t *testing.T, m *lab.Machine) int {
	t.Helper()
	out := m.Must(t, "sh", "-c", `id=$(curl -s --unix-socket /run/nexushub/api.sock http://agent/debug/application | sed 's/.*"id":"\([^"]*\)".*/\1/'); curl -s --unix-socket /run/nexushub/api.sock http://agent/debug/application/$id/upload/status`)
	var n int
	if _, rest, ok := strings.Cut(out, `"receivedChunks":`); ok {
		fmt.Sscan(rest, &n)
	}
	return n
}
