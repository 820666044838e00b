package apiserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	// streamGrace is how long requests in flight are left alone once the server is to stop.
	streamGrace = time.Second
	// stopGrace is how long they have in all.
	stopGrace = 5 * time.Second
)

// Serve answers with h on l until ctx ends.
//
// It then takes no new connection, and requests in flight have five seconds. For the first
// second nothing disturbs them, so that what is nearly done gets its whole answer; then
// their contexts end, which ends what has no end of its own, log streams and waits. What
// is left after five seconds is cut off, with a warning.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	srv := &http.Server{
		Handler:           h,
		ConnContext:       askPeer,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	shutdown(srv, cancelRequests, log)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func shutdown(srv *http.Server, cancelRequests func(), log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	defer time.AfterFunc(streamGrace, cancelRequests).Stop()
	if err := srv.Shutdown(ctx); err != nil {
		log.Warn("API requests were cut off", "error", errors.Join(err, srv.Close()))
	}
}
