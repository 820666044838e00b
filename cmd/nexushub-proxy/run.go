package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/logging"
	"github.com/nexushub/nexushub/internal/sdnotify"
	"github.com/nexushub/nexushub/internal/version"
	"github.com/nexushub/nexushub/proxy"
)

// memoryLimit makes the collector work harder before the process grows beyond it; it
// is no hard bound.
const memoryLimit = 512 << 20

type flags struct {
	config, listen, http, control, runDir string
	version                               bool
}

// run is the whole program; ctx ends it in good order.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.version {
		_, err := fmt.Fprintln(stdout, "nexushub-proxy", version.String())
		return err
	}
	c, err := config.LoadProxy(f.config)
	if err != nil {
		return err
	}
	log, _, err := logging.New(c.LogLevel, stderr)
	if err != nil {
		return err
	}
	return serve(ctx, f, c, log)
}

func parse(args []string, stderr io.Writer) (f flags, err error) {
	set := flag.NewFlagSet("nexushub-proxy", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.config, "config", config.Dir, "folder with nexushub.toml")
	set.StringVar(&f.listen, "listen", "", "without systemd: address for HTTPS, such as :8443")
	set.StringVar(&f.http, "http", "", "without systemd: address for plain HTTP, which redirects")
	set.StringVar(&f.control, "control", "", "without systemd: path of the control socket")
	set.StringVar(&f.runDir, "run-dir", "/run/nexushub-proxy", "without systemd: folder for the internal secret")
	set.BoolVar(&f.version, "version", false, "print the version")
	if err = set.Parse(args); err == nil && set.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return f, err
}

func serve(ctx context.Context, f flags, c *config.Config, log *slog.Logger) error {
	debug.SetMemoryLimit(memoryLimit)
	listeners, err := listeners(f)
	if err != nil {
		return err
	}
	opt, err := options(f, c)
	if err != nil {
		return err
	}
	n := sdnotify.Notifier{Log: log}
	opt.Listeners, opt.Log, opt.Ready = listeners, log, func() { n.Ready("") }
	opt.Status = n.Status
	s, err := proxy.New(opt)
	if err != nil {
		return err
	}
	ctx = n.Stopping(ctx, "finishing requests in flight")
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go n.Watchdog(watch, s.Alive)
	go n.Reloads(watch, func() string { s.Reload(); return "" })
	return s.Run(ctx)
}
