// Command hello is the smallest application worth hosting: a page, a status, a line in
// the log per request. It listens where its host says: on an inherited socket
// (LISTEN_FDS) or on 127.0.0.1:PORT, and ends in order on SIGTERM.
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
	"strconv"
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

const firstInherited = 3 // sd_listen_fds(3)

func listen(getenv func(string) string) (net.Listener, error) {
	if getenv("LISTEN_FDS") != "" && getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		f := os.NewFile(firstInherited, "web")
		defer f.Close()
		return net.FileListener(f)
	}
	if port := getenv("PORT"); port != "" {
		return net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	}
	return nil, errors.New("nowhere to listen: neither LISTEN_FDS nor PORT is set")
}
