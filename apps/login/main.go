// Command login is the login application: people with passwords and roles, their sessions, and the
// exchange of refresh tokens that the proxy asks for. It runs like any application of the host, in
// the sandbox of one, on a socket that only the proxy reaches. "login manage" is what nexushub user
// runs in its place, as its user: it reads a request from standard input and answers on standard
// output, both JSON, so that no password is ever in a command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/manage"
	"github.com/nexushub/nexushub/apps/login/password"
	"github.com/nexushub/nexushub/apps/login/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

// hashesAtOnce bounds the memory for passwords: each hash takes 19 MiB.
const hashesAtOnce = 2

func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer) (err error) {
	s, err := settingsFrom(getenv)
	if err != nil {
		return err
	}
	store, err := account.Open(ctx, filepath.Join(s.state, "login.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	hasher := password.NewHasher(password.Default, hashesAtOnce)
	switch {
	case len(args) == 1 && args[0] == "manage":
		return manage.Serve(ctx, store, hasher, in, out)
	case len(args) > 0:
		return fmt.Errorf("unknown arguments %q: only manage is known", args)
	}
	l, err := listen(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	log.Info("ready", "host", s.host)
	return serve(ctx, l, web.New(web.Options{
		Host: s.host, Admin: s.admin, InternalSecret: s.internalSecret, ProxySecret: s.proxySecret,
		Access: time.Hour, Store: store, Hasher: hasher, Log: log,
	}).Handler())
}

// withoutTime leaves out what the journal knows.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

const firstInherited = 3 // sd_listen_fds(3)

// listen takes the socket from PID 1.
func listen(getenv func(string) string) (net.Listener, error) {
	if getenv("LISTEN_FDS") == "" || getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, errors.New("no socket was handed over: the package needs network = \"socket\"")
	}
	f := os.NewFile(firstInherited, "web")
	defer f.Close()
	return net.FileListener(f)
}

// serve lets requests in flight finish when ctx ends.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
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
