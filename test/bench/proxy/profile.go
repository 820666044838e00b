package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/nexushub/nexushub/test/need"
)

// profile records where our proxy spends its time under HTTP/1.1 load. perf sees the
// kernel's part as well, which is most of it.
func (b *bench) profile(ctx context.Context) error {
	if b.opt.profile == "" {
		return nil
	}
	if err := need.Commands(ctx, "perf=linux-perf"); err != nil {
		return err
	}
	perf := exec.CommandContext(ctx, "perf", "record", "-q", "-g", "-o", b.opt.profile, "-p",
		strconv.Itoa(b.ours.cmd.Process.Pid))
	perf.Stderr = os.Stderr
	if err := perf.Start(); err != nil {
		return err
	}
	_, err := keepAlive(ctx, &b.ours.subject, b.opt.duration())
	perf.Process.Signal(syscall.SIGINT) // how perf is told to write
	perf.Wait()                         // ends by that signal
	if _, statErr := os.Stat(b.opt.profile); statErr != nil {
		return fmt.Errorf("perf: %w", statErr)
	}
	return err
}
