package debug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// closeTimeout is how long requests may go on after Run was told to end.
const closeTimeout = 5 * time.Second

// Run serves the API with authentication on ln, hashes uploads and sweeps, until ctx
// ends or one of them fails.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	serve := func(ctx context.Context) error { return s.serve(ctx, ln) }
	return wait(ctx, serve, s.o.Uploads.Run, s.sweep)
}

func (s *Server) serve(ctx context.Context, ln net.Listener) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	h := &http.Server{
		Handler:           http.HandlerFunc(s.guarded),
		ConnContext:       withPeer,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("debug: %w", err)
	case <-ctx.Done():
	}
	end() // log streams have no end of their own
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := h.Shutdown(closing); err != nil {
		s.o.Log.Warn("requests are cut off", "error", errors.Join(err, h.Close()))
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("debug: %w", err)
	}
	return nil
}
