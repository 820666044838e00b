// Command proxy measures nexushub-proxy beside nginx, HAProxy and Caddy, in one run:
// all in front of one upstream with a body of 1 KiB, all TLS 1.3 with the same P-256
// certificate, 64 connections, in interleaved rounds. CPU time per request (from
// /proc, children included) is the figure that a busy machine disturbs least, so the
// ratios are made per round and the median counts. No proxy writes an access log.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/proxy:", err)
		os.Exit(1)
	}
}

// run measures what the flags ask for and writes the result.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opt, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "nexushub-bench-proxy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, opt, dir, stderr)
	if err != nil {
		return err
	}
	defer b.close()
	if opt.big > 0 {
		return b.stream(ctx, stdout)
	}
	if err := b.everything(ctx); err != nil {
		return err
	}
	return b.report.Finish(stdout)
}
