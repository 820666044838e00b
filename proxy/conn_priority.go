package proxy

import "github.com/nexushub/nexushub/proxy/fairshare"

// Classes of connections, in the order in which those of whoever holds too many are evicted.
// The first three may be evicted for another connection of the same address, too, a silent one
// after newConnGrace; what is in progress never is.
const (
	classLingering = iota // answered for the last time: what its client still sends is thrown away
	classSilent           // no whole request has arrived: no byte, half a handshake, half a head
	classIdle             // answered, and nothing since
	classHead             // answered, and a further head is arriving
	classEvents           // an event stream or a WebSocket, whose clients reconnect on their own
	classUpload           // a request is arriving
	classBusy             // a request is being answered
)

// classNames are the reasons in metrics and log.
var classNames = [...]string{"over", "silent", "idle", "head", "events", "upload", "busy"}

// youngestFirst orders members so that what has lasted longest is evicted last.
func youngestFirst(opened uint64) uint64 { return ^opened }

// silentPriority is that of a connection that has not sent a request. It has newConnGrace to do
// so before it may be evicted for an equal: otherwise newcomers would evict each other.
func (s *Server) silentPriority(opened uint64) fairshare.Priority {
	old := s.deadlines.clock.Load()-opened > uint64(newConnGrace/tick)
	return fairshare.Priority{Class: classSilent, Since: opened, Expendable: old}
}

// Priority reads only atomic values: the connection is at work meanwhile.
func (c *conn) Priority() fairshare.Priority {
	p, deadline := c.waiting.read()
	served := c.state.has(served)
	w := fairshare.Priority{Class: classBusy, Since: youngestFirst(c.opened)}
	switch {
	case p == waitLinger:
		w = fairshare.Priority{Class: classLingering, Since: c.opened, Expendable: true}
	case p == waitIdle && served:
		w = fairshare.Priority{Class: classIdle, Since: deadline, Expendable: true}
	case p == waitIdle, p == waitHead && !served:
		w = c.server.silentPriority(c.opened)
	case p == waitHead:
		w.Class = classHead
	case p == waitTunnel, p == waitUpstream && deadline == 0:
		w.Class = classEvents
	case !c.state.has(bodyRead):
		w.Class = classUpload
	}
	return w
}

// Priority of the connection is higher than that of its requests.
func (c *h2Conn) Priority() fairshare.Priority {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.inFlight > 0:
		return fairshare.Priority{Class: classBusy, Since: youngestFirst(c.opened)}
	case c.frames.lingering.any():
		return fairshare.Priority{Class: classLingering, Since: c.opened, Expendable: true}
	case !c.frames.responded.Load():
		return c.server.silentPriority(c.opened)
	}
	idle := c.idleSince + ticksOf(c.server.opt.IdleTimeout) // as those of HTTP/1.1 have their deadline
	return fairshare.Priority{Class: classIdle, Since: idle, Expendable: true}
}

// Priority of a request of HTTP/2 is that of a connection with it.
func (c *h2Stream) Priority() fairshare.Priority {
	w := fairshare.Priority{Class: classBusy, Since: youngestFirst(c.opened)}
	if p, deadline := c.waiting.read(); p == waitUpstream && deadline == 0 {
		w.Class = classEvents
	}
	return w
}
