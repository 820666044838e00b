package proxy

import (
	"net"

	"github.com/nexushub/nexushub/proxy/shares"
)

// admit keeps the number of connections within its limit: when there are too many, one
// gives way, the least valuable of whoever holds most (see shares). It returns nil for one
// that is refused. It is done before the next is accepted: a crowd that has not been
// judged yet must not count against anybody.
func (s *Server) admit(nc net.Conn) *accepted {
	a := &accepted{Conn: nc, server: s, opened: s.deadlines.clock.Load(), gone: make(chan struct{})}
	if peer := addrOf(nc); !s.trusts(peer) {
		a.key = shares.Address(peer)
	}
	if open := s.conns.Add(1); open > s.most(4) || !s.seat(a) {
		s.metrics.refused.Inc()
		s.conns.Add(-1)
		nc.Close()
		return nil
	}
	return a
}

// seat gives the connection its place.
func (s *Server) seat(a *accepted) bool {
	t := s.seats.Take(a, a.key, shares.Key{})
	a.seat = t.Seat
	if t.Seat == nil {
		s.tooMany.conns.note(newcomer, t)
		return false
	}
	if t.Victim != nil {
		s.tooMany.conns.note(classNames[t.Worth.Class], t)
		t.Victim.(*accepted).giveWay(s.mannerFor(t.Worth))
	}
	return true
}

// most is the limit of connections with those that gave way and are not gone yet.
func (s *Server) most(part int) int64 {
	return int64(s.opt.MaxConnections + s.opt.MaxConnections/part + 8)
}

// mannerFor is polite as long as there are few who take the time to go.
func (s *Server) mannerFor(w shares.Worth) manner {
	switch {
	case s.conns.Load() > s.most(8):
		return atOnce
	case w.Class <= classIdle:
		return politely
	}
	return afterNotice
}

// relieve ends one of the biggest holder's connections, when descriptors have run out.
func (s *Server) relieve() {
	if v := s.seats.Relieve(); v != nil {
		v.(*accepted).giveWay(atOnce)
	}
}
