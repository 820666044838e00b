package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// cleanupTime is what there is to remove the application after Ctrl-C.
const cleanupTime = 15 * time.Second

func (c *cli) dev() *cobra.Command {
	d := &devLoop{}
	cmd := &cobra.Command{
		Use: "dev [FOLDER]", Short: "Build, deploy and follow an application while you work on it",
		Long: `dev builds a folder, deploys it under a name of its own, and shows its log and state. In
a terminal, R builds and deploys again, and Q stops and removes the application and
exits; so does Ctrl-C, with exit code 130. Without a terminal it prints plain lines until
it gets a signal.

The build command is --build or, if there is a Makefile, "make build".`,
		Example: `  nexushub dev
  nexushub dev ./shop --build 'go build -o bin/app .' --static-service http://127.0.0.1:5173`,
		Args: cobra.MaximumNArgs(1),
	}
	registerApp(cmd, &d.want, "NAME.debug.DOMAIN")
	cmd.Flags().StringVar(&d.build, "build", "", "command that builds the folder, run with sh -c")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, remote, err := c.client()
		if err != nil {
			return err
		}
		d.remote = remote
		d.dir = append(args, ".")[0]
		if err := setName(&d.want, d.dir, "-dev"); err != nil {
			return err
		}
		return c.runDev(cmd.Context(), client, d)
	}
	return cmd
}

func (c *cli) runDev(ctx context.Context, client *api.Client, d *devLoop) (err error) {
	if d.build == "" && exists(filepath.Join(d.dir, "Makefile")) {
		d.build = "make build"
	}
	keys, restore, err := c.keys(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	shared := *c.out
	shared.Stdout, shared.Stderr = &lockedWriter{w: c.out.Stdout}, &lockedWriter{w: c.out.Stderr}
	d.client, d.out, d.keys, d.interactive = client, &shared, keys, isTerminal(c.in) && isTerminal(c.out.Stdout)
	return d.run(ctx)
}

// devLoop builds, deploys and follows an application, and starts over when R is pressed.
type devLoop struct {
	dir, build  string
	want        api.NewDebugApplication
	client      *api.Client
	out         *output.Printer
	keys        <-chan byte
	interactive bool
	remote      bool

	app    api.DebugApplication // once deployed
	cancel func()               // ends watching
	done   chan struct{}
}

func (d *devLoop) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.cleanup(ctx)) }()
	for {
		quit, err := d.deployOrQuit(ctx)
		switch {
		case quit:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !d.interactive:
			return err
		case err != nil:
			d.out.PrintError(err)
		}
		d.out.DevKeys(d.interactive)
		if !d.awaitRedeploy(ctx) {
			return ctx.Err()
		}
	}
}

// deployOrQuit builds and deploys once; Q cancels this at any point, other keys do nothing.
func (d *devLoop) deployOrQuit(ctx context.Context) (quit bool, err error) {
	turn, cancel := context.WithCancel(ctx)
	defer cancel()
	var app api.DebugApplication
	done := make(chan error, 1)
	go func() {
		var err error
		app, err = d.buildAndDeploy(turn)
		done <- err
	}()
	for running := true; running; {
		select {
		case err = <-done:
			running = false
		case k := <-d.keys:
			if k == 'q' || k == 'Q' {
				quit = true
				cancel()
			}
		}
	}
	if app.ID != "" && d.app.ID != app.ID {
		d.follow(ctx, app)
	}
	return quit, err
}

// buildAndDeploy returns the application as soon as there is one, also with an error.
func (d *devLoop) buildAndDeploy(ctx context.Context) (app api.DebugApplication, err error) {
	if d.build != "" {
		d.out.Step(d.build)
		if err := d.buildCommand(ctx).Run(); err != nil {
			return app, fmt.Errorf("%s: %w", d.build, err)
		}
	}
	deploy := &deployer{client: d.client, to: d.client.Debug(), out: d.out, remote: d.remote}
	if app, err = deploy.deploy(ctx, d.dir, d.want); err != nil {
		return app, err
	}
	return app, d.out.Deployed(app, deploy.answer, d.client.DeployedURL(ctx, app))
}

// buildCommand runs in a process group of its own, so that all it started can be stopped.
func (d *devLoop) buildCommand(ctx context.Context) *exec.Cmd {
	cmd := command(ctx, []string{"sh", "-c", d.build}, nil, d.out.Stderr, d.out.Stderr)
	cmd.Dir = d.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return cmd
}

// awaitRedeploy waits for R (true), or for Q or the end of ctx (false).
func (d *devLoop) awaitRedeploy(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case k := <-d.keys:
			switch k {
			case 'r', 'R':
				return true
			case 'q', 'Q':
				return false
			}
		}
	}
}

// follow prints the log and the state of the application until cleanup.
func (d *devLoop) follow(ctx context.Context, app api.DebugApplication) {
	d.stopFollowing()
	ctx, d.cancel = context.WithCancel(ctx)
	d.app, d.done = app, make(chan struct{})
	go func() {
		defer close(d.done)
		p := &logPrinter{out: d.out, style: output.Short}
		if d.out.AsJSON {
			p.style = output.JSON
		}
		states := make(chan struct{})
		go func() { defer close(states); d.reportStates(ctx) }()
		if err := p.print(ctx, logsOf(d.client.Debug(), app.ID), logFlags{follow: true}); err != nil && ctx.Err() == nil {
			d.out.PrintError(err)
		}
		<-states
	}()
}

// reportStates prints each change of state.
func (d *devLoop) reportStates(ctx context.Context) {
	last := ""
	for pause(ctx, time.Second) == nil {
		s, err := d.client.Debug().Status(ctx, d.app.ID)
		if now := s.Status + ", " + s.HealthCheck; err == nil && now != last {
			why, _, _ := strings.Cut(s.Error, "\n") // the log has the rest
			d.out.StateChanged(now, why)
			last = now
		}
	}
}

func (d *devLoop) stopFollowing() {
	if d.cancel != nil {
		d.cancel()
		<-d.done
	}
}

// cleanup removes the application, also after Ctrl-C. It then prints its own errors: after a
// signal nothing else does.
func (d *devLoop) cleanup(ctx context.Context) error {
	d.stopFollowing()
	if d.app.ID == "" {
		return nil
	}
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	err := d.client.Debug().Delete(ctx, d.app.ID)
	switch {
	case errors.Is(err, api.NotFound): // somebody has removed it, or keeps it
	case err != nil && interrupted:
		d.out.PrintError(err)
	case err != nil:
		return err
	default:
		return d.out.Removed("application", d.app.AppID)
	}
	return nil
}

// lockedWriter lets several goroutines print whole lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
