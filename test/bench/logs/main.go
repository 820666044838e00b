// Command logs measures the log stream on a booted machine: how fast stored lines
// leave through the control API beside journalctl itself, how long a line takes from
// the application's write to a follower, and what a hundred followers cost beside one.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/test/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/logs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	b := &bench{report: report.New("logs"), progress: stderr}
	if err := b.boot(ctx, lab.Trixie); err != nil {
		return err
	}
	defer func() {
		if failed := b.machine.Shutdown(); err == nil {
			err = failed
		}
	}()
	for _, measure := range []func(context.Context) error{b.latency, b.followers, b.drain} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return b.report.Finish(stdout)
}
