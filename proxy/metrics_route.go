package proxy

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// routeStats are the live counts of one instance; they outlive a table.
type routeStats struct {
	name     atomic.Pointer[string]
	inFlight atomic.Int64
	requests atomic.Uint64
	last     atomic.Int64 // unix nanoseconds, 0: never
	traffic  traffic

	unreadable unreadable
}

func newRouteStats(name string, log *slog.Logger) *routeStats {
	s := &routeStats{unreadable: unreadable{log: log}}
	s.name.Store(&name)
	return s
}

func (s *routeStats) enter(now time.Time) {
	s.inFlight.Add(1)
	s.requests.Add(1)
	s.last.Store(now.UnixNano())
}

func (s *routeStats) leave() { s.inFlight.Add(-1) }

// stats of the request's instance, or of the requests that belong to none.
func (x *exchange) stats() *routeStats {
	if x.decision.route == nil {
		return x.server.unrouted
	}
	return x.decision.route.stats
}
