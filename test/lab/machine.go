// Package lab boots throw-away Debian machines, with a real systemd as PID 1, in a
// quarter of a second: a cached root tree under an overlay, in namespaces and cgroups
// of its own. Needs root, systemd-nspawn and mmdebstrap; neither a host systemd nor a
// network. A machine's keeper (keeper.sh) removes every trace when the owner ends,
// even by SIGKILL; Sweep removes what a killed keeper left.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// Machine is one running machine. Its methods may be used concurrently.
type Machine struct {
	ID    string
	Suite Suite

	dir   string
	pid   atomic.Int64 // of its PID 1, as the host sees it
	boots <-chan int   // PID of nspawn, once per boot; closed when the keeper has ended
	stop  io.Closer    // the keeper's stdin
	done  chan struct{}
}

// PID is the host's number of the machine's PID 1; its namespaces are in /proc/PID/ns.
func (m *Machine) PID() int { return int(m.pid.Load()) }

// Console returns what the machine wrote to its console, for diagnosis.
func (m *Machine) Console() string {
	b, err := os.ReadFile(filepath.Join(m.dir, "console"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Shutdown takes the machine away at once, as a power cut would, and waits until
// nothing of it is left.
func (m *Machine) Shutdown() error {
	if err := m.stop.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("lab: %w", err)
	}
	<-m.done
	return nil
}

// Poweroff lets systemd stop every unit in order first.
func (m *Machine) Poweroff(ctx context.Context) error {
	if err := syscall.Kill(m.PID(), syscall.Signal(34+4)); err != nil { // SIGRTMIN+4, systemd(1)
		return fmt.Errorf("lab: power off: %w", err)
	}
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("lab: power off: %w", errors.Join(ctx.Err(), m.Shutdown()))
	}
}

// Reboot restarts the machine in order: /run is empty afterwards, /var is kept.
func (m *Machine) Reboot(ctx context.Context) error {
	if err := syscall.Kill(m.PID(), syscall.Signal(34+5)); err != nil { // SIGRTMIN+5
		return fmt.Errorf("lab: reboot: %w", err)
	}
	return m.awaitBoot(ctx)
}

func (m *Machine) awaitBoot(ctx context.Context) error {
	select {
	case nspawn, ok := <-m.boots:
		if !ok {
			return fmt.Errorf("lab: machine did not start: %s", m.Console())
		}
		return m.awaitRunning(ctx, nspawn)
	case <-ctx.Done():
		return fmt.Errorf("lab: boot: %w", ctx.Err())
	}
}

func (m *Machine) awaitRunning(ctx context.Context, nspawn int) error {
	for {
		pid := innerInit(nspawn)
		if pid != 0 {
			m.pid.Store(int64(pid))
			if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/run/systemd/private", pid)); err == nil {
				break
			}
		}
		select {
		case <-m.done:
			return errors.New("lab: machine ended while booting")
		case <-ctx.Done():
			return fmt.Errorf("lab: boot: %w\n%s", ctx.Err(), m.Console())
		case <-time.After(5 * time.Millisecond):
		}
	}
	out, err := m.Output(ctx, "systemctl", "is-system-running", "--wait")
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && out != "") { // "degraded" answers 1
		return fmt.Errorf("lab: boot: %w", err)
	}
	return os.WriteFile(filepath.Join(m.dir, "pid"), fmt.Appendf(nil, "%d %s\n", m.PID(), m.Suite), 0o644)
}
