package proxy

import "github.com/nexushub/nexushub/proxy/shares"

// What a connection is worth, the least first: the order in which the connections of
// whoever holds too many give way. The first four may be closed for another connection of
// the same address, too, once they had their time; nothing that follows is.
const (
	classSilent = iota // no request of it has arrived whole: no byte, half a handshake, half a head
	classOver          // answered for the last time: what its client still sends is thrown away
	classIdle          // answered, and nothing since
	classHead          // answered, and a further head is arriving
	classEvents        // an event stream or a WebSocket, whose clients come back by themselves
	classUpload        // a request is arriving
	classBusy          // a request is being answered
)

// classNames are reasons, as metrics and log have them.
var classNames = [...]string{"silent", "over", "idle", "head", "events", "upload", "busy"}

// newest orders members so that what has lasted longest is lost last.
func newest(opened uint64) uint64 { return ^opened }

// silent is the worth of a connection that has not brought a request. It has patience to
// do so until it may go for an equal: otherwise those who come would end each other.
func (s *Server) silent(opened uint64) shares.Worth {
	old := s.deadlines.clock.Load()-opened > uint64(newConnGrace/tick)
	return shares.Worth{Class: classSilent, Since: opened, Spare: old}
}

// Worth reads nothing but atomic values: the connection is at work meanwhile.
func (c *conn) Worth() shares.Worth {
	p, deadline := c.waiting.read()
	served := c.served.Load()
	w := shares.Worth{Class: classBusy, Since: newest(c.opened)}
	switch {
	case p == waitLinger:
		w = shares.Worth{Class: classOver, Since: c.opened, Spare: true}
	case p == waitIdle && served:
		w = shares.Worth{Class: classIdle, Since: deadline, Spare: true}
	case p == waitIdle, p == waitHead && !served:
		w = c.server.silent(c.opened)
	case p == waitHead:
		w.Class = classHead
	case p == waitTunnel, p == waitUpstream && deadline == 0:
		w.Class = classEvents
	case !c.whole.Load():
		w.Class = classUpload
	}
	return w
}

// Worth of the connection is more than that of its requests.
func (c *h2Conn) Worth() shares.Worth {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.open > 0:
		return shares.Worth{Class: classBusy, Since: newest(c.opened)}
	case !c.wire.answered.Load():
		return c.server.silent(c.opened)
	}
	idle := c.quiet + ticksOf(c.server.opt.IdleTimeout) // as those of HTTP/1.1 have their deadline
	return shares.Worth{Class: classIdle, Since: idle, Spare: true}
}

// Worth of a request of HTTP/2 is that of a connection with it.
func (c *h2Stream) Worth() shares.Worth {
	w := shares.Worth{Class: classBusy, Since: newest(c.opened)}
	if p, deadline := c.waiting.read(); p == waitUpstream && deadline == 0 {
		w.Class = classEvents
	}
	return w
}
