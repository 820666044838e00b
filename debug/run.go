package debug

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/nexushub/nexushub/internal/apiserver"
)

// Run finishes removals that were cut off, and sweeps where applications expire, until
// ctx ends.
func (s *Server) Run(ctx context.Context) error {
	s.retryRemovals(ctx)
	if s.o.Kind.expires {
		return s.sweep(ctx)
	}
	return s.tidy(ctx)
}

// Serve serves the API with authentication on ln, hashes uploads of all kinds and does what
// Run does, until ctx ends or one of them fails.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	serve := func(ctx context.Context) error {
		return apiserver.Serve(ctx, ln, http.HandlerFunc(s.guarded), s.o.Log)
	}
	return wait(ctx, serve, s.o.Uploads.Run, s.Run)
}

// wait runs all parts until the first ends or ctx does.
func wait(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() {
			defer cancel()
			errs[i] = part(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
