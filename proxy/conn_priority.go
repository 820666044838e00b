package proxy

import "github.com/nexushub/nexushub/proxy/fairshare"

// What a connection is worth, the least first: the order in which the connections of
// whoever holds too many give way. The first four may be closed for another connection of
// the same address, too, once they had their time; nothing that follows is.
const (
	classSilent    = iota // no request of it has arrived whole: no byte, half a handshake, half a head
	classLingering        // answered for the last time: what its client still sends is thrown away
	classIdle             // answered, and nothing since
	classHead             // answered, and a further head is arriving
	classEvents           // an event stream or a WebSocket, whose clients come back by themselves
	classUpload           // a request is arriving
	classBusy             // a request is being answered
)

// classNames are reasons, as metrics and log have them.
var classNames = [...]string{"silent", "over", "idle", "head", "events", "upload", "busy"}

// youngestFirst orders members so that what has lasted longest is lost last.
func youngestFirst(opened uint64) uint64 { return ^opened }

// silentPriority is the worth of a connection that has not brought a request. It has patience to
// do so until it may go for an equal: otherwise those who come would end each other.
func (s *Server) silentPriority(opened uint64) fairshare.Priority {
	old := s.deadlines.clock.Load()-opened > uint64(newConnGrace/tick)
	return fairshare.Priority{Class: classSilent, Since: opened, Expendable: old}
}

// Priority reads nothing but atomic values: the connection is at work meanwhile.
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

// Priority of the connection is more than that of its requests.
func (c *h2Conn) Priority() fairshare.Priority {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.inFlight > 0:
		return fairshare.Priority{Class: classBusy, Since: youngestFirst(c.opened)}
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
