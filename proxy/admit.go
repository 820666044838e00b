package proxy

import (
	"net"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// admit keeps the number of connections within its limit: when there are too many, one is
// evicted, that of lowest priority of whoever holds most (see fairshare). It returns nil for
// one that is refused. It comes before the next accept: connections that were not admitted
// yet must not count against anybody.
func (s *Server) admit(nc net.Conn) *accepted {
	a := &accepted{Conn: nc, server: s, opened: s.deadlines.clock.Load(), evicted: make(chan struct{})}
	if peer := addrOf(nc); !s.trusts(peer) {
		a.key = fairshare.Address(peer)
	}
	if open := s.conns.Add(1); open > s.hardLimit(4) || !s.acquireConn(a) {
		s.metrics.refused.Inc()
		s.conns.Add(-1)
		nc.Close()
		return nil
	}
	return a
}

// acquireConn gives the connection a slot.
func (s *Server) acquireConn(a *accepted) bool {
	t := s.connPool.Acquire(a, a.key, fairshare.Key{})
	a.slot = t.Slot
	if t.Slot == nil {
		s.evictions.conns.note(newcomer, t)
		return false
	}
	if t.Victim != nil {
		s.evictions.conns.note(classNames[t.Priority.Class], t)
		t.Victim.(*accepted).evict(s.evictModeFor(t.Priority))
	}
	return true
}

// hardLimit is the limit with the evicted connections that are not closed yet.
func (s *Server) hardLimit(part int) int64 {
	return int64(s.opt.MaxConnections + s.opt.MaxConnections/part + 8)
}

// evictModeFor is graceful as long as few evicted connections are still open.
func (s *Server) evictModeFor(w fairshare.Priority) evictMode {
	switch {
	case s.conns.Load() > s.hardLimit(8):
		return evictNow
	case w.Class <= classIdle:
		return evictGracefully
	}
	return evictAfterNotice
}

// evictOne ends one of the biggest holder's connections, when descriptors have run out.
func (s *Server) evictOne() {
	if v := s.connPool.EvictOne(); v != nil {
		v.(*accepted).evict(evictNow)
	}
}
