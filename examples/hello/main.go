// Command hello is the smallest application worth hosting: a page, a status, a line in
// the log per request. It listens where its host says: on an inherited socket
// (LISTEN_FDS) or on 127.0.0.1:PORT, and ends in order on SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets requests in flight finish.
func run(ctx context.Context, getenv func(string) string, log io.Writer) error {
	l, err := listen(getenv)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "hello listens on %s\n", l.Addr())
	srv := &http.Server{Handler: handler(getenv, log), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	err = srv.Shutdown(grace)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	fmt.Fprintln(log, "hello says goodbye")
	return err
}
