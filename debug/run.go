package debug

import "context"

// Run finishes removals that were cut off, and sweeps where applications expire, until
// ctx ends.
func (s *Server) Run(ctx context.Context) error {
	s.retryRemovals(ctx)
	if s.o.Kind.expires {
		return s.sweep(ctx)
	}
	return s.tidy(ctx)
}
