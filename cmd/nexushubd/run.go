package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/logging"
	"github.com/nexushub/nexushub/internal/version"
)

// run is the whole life of the daemon. It returns nil after an orderly stop.
func run(ctx context.Context, h host, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("nexushubd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("config", config.Dir, "folder of the configuration")
	stopAll := flags.Bool("stop-applications", false,
		"stop every application, kill what does not stop in time, and exit (nexushub-apps.service)")
	show := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *show {
		_, err := fmt.Fprintln(stdout, "nexushubd", version.String())
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *stopAll {
		return stopApplications(ctx, h)
	}
	return serve(ctx, h, *dir, stderr)
}

// serve prepares everything that can fail before it starts anything that others can see.
func serve(ctx context.Context, h host, dir string, stderr io.Writer) error {
	if !h.root {
		return errors.New("must run as root to start units: use systemctl start nexushubd")
	}
	conf, missing, err := config.LoadToStart(dir)
	if err != nil {
		return fmt.Errorf("invalid configuration (nexushub verify shows the same): %w", err)
	}
	log, level, err := logging.New(conf.LogLevel, stderr)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	for _, fault := range missing {
		log.Warn("the package or static_path of an application is missing", "fault", fault.Error())
	}
	for _, fault := range conf.Unusable {
		log.Error("a file of an application cannot be used; what runs of it is left alone", "fault", fault.Error())
	}
	d, err := newDaemon(ctx, h, dir, conf, log, level)
	if err != nil {
		return err
	}
	defer d.close()
	log.Info("nexushubd is starting", "version", version.Version, "commit", version.Commit, "config", dir)
	err = d.run(ctx)
	log.Info("nexushubd has stopped; applications keep running", "error", err)
	return err
}
