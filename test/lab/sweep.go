package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Sweep removes what machines left behind whose keeper was killed. Every Start does it.
func Sweep() error {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	all, err := lockFile(runDir+".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer all.Close()
	return sweep()
}

func sweep() error {
	machines, err := os.ReadDir(runDir)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	for _, m := range machines {
		dir := filepath.Join(runDir, m.Name())
		lock, err := lockFile(filepath.Join(dir, "lock"), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue // alive, or just gone
		}
		if err != nil {
			return err
		}
		out, err := exec.Command("sh", "-c", keeper, "keeper", m.Name(), dir, "", "", "", "", "clean").CombinedOutput()
		if err := errors.Join(err, lock.Close()); err != nil {
			return fmt.Errorf("lab: sweep %s: %w\n%s", m.Name(), err, out)
		}
	}
	return nil
}
