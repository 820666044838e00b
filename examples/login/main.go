// Command login is a small login application for a NexusHub host: a page that asks for
// name and password, sessions with rotating refresh tokens, and the exchange of a
// refresh token for an access token that the proxy asks for. Standard library only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends; "login hash" reads a password and prints its line for users.json.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer) error {
	if len(args) > 0 && args[0] == "hash" {
		return printHash(in, out)
	}
	settings, err := settingsFrom(getenv)
	if err != nil {
		return err
	}
	app, err := newApp(settings, out)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", settings.port))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "login listens on %s\n", l.Addr())
	return serve(ctx, l, app.handler())
}

// serve lets requests in flight finish when ctx ends.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
