package lab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// environment is what a command in the machine sees, as a root login there would.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root", "LANG=C.UTF-8",
}

// Command prepares a command inside the machine, in all its namespaces, as root. It is
// killed with its children when ctx ends.
func (m *Machine) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := m.Terminal(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// Terminal is Command for a program that keeps the caller's terminal.
func (m *Machine) Terminal(ctx context.Context, name string, args ...string) *exec.Cmd {
	argv := []string{"-t", strconv.Itoa(m.PID()), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i"}
	argv = append(argv, environment...)
	argv = append(append(argv, name), args...)
	return exec.CommandContext(ctx, "nsenter", argv...)
}

// Output runs a command and returns its stdout without the last newline; an error
// carries what it wrote to stderr.
func (m *Machine) Output(ctx context.Context, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := m.Command(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSuffix(stdout.String(), "\n"), err
}

// Shell runs a script with sh -e and returns stdout and stderr together.
func (m *Machine) Shell(ctx context.Context, script string) (string, error) {
	out, err := m.Command(ctx, "sh", "-ec", script).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", script, err, bytes.TrimSpace(out))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// Journal returns the last lines about a unit, or of everything when unit is empty.
func (m *Machine) Journal(ctx context.Context, unit string, lines int) (string, error) {
	args := []string{"--no-pager", "--quiet", "-o", "short-precise", "-n", strconv.Itoa(lines)}
	if unit != "" {
		args = append(args, "-u", unit)
	}
	return m.Output(ctx, "journalctl", args...)
}
