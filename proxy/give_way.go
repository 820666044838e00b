package proxy

// giveWay ends the connection. One that waits for a request, and one that just got it
// after all, end without a loss.
func (c *conn) giveWay(m manner) {
	c.leaving.Store(true)
	if c.dismiss() || m == politely {
		return
	}
	if t := c.tunnel.Load(); t != nil && m == afterNotice {
		go t.goAway() // may wait for the client
		return
	}
	c.cancel()
	rawOf(c.net).Close()
}

// dismiss ends the wait for a request. It reports false when there is one.
func (c *conn) dismiss() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := c.waiting.evictIdle()
	if idle {
		c.net.SetReadDeadline(past)
	}
	return idle
}

// arrived notes that a request begins. Should the connection have been dismissed at this
// very moment, the request is answered, as the last one.
func (c *conn) arrived() {
	if c.waiting.swap(waitHead, c.server.opt.HeaderTimeout) == waitEvicted {
		c.mu.Lock()
		c.net.SetReadDeadline(never)
		c.mu.Unlock()
	}
}

// giveWay tells the client to go. Requests that are open may end, unless the connection
// ends with a notice only.
func (c *h2Conn) giveWay(m manner) {
	now := c.server.deadlines.clock.Load()
	switch m {
	case atOnce:
		rawOf(c.wire.Conn).Close()
		return
	case afterNotice:
		c.cutAt.CompareAndSwap(0, now+2*ticksOf(keepAliveGrace))
	}
	c.leave(now)
}

// overdue says that the connection has had its notice.
func (c *h2Conn) overdue(now uint64) bool {
	at := c.cutAt.Load()
	return at != 0 && now > at
}

// giveWay ends the request with the watcher's next look.
func (c *h2Stream) giveWay() { c.yielded.Store(true) }

// yield ends a request that gave way: it is answered 503 or, when its answer has begun,
// reset. Only the watcher calls it.
func (c *h2Stream) yield() {
	if !c.yielded.Load() || c.ending {
		return
	}
	c.ending = true
	c.cancel()
	if c.begun.Load() {
		c.rc.SetReadDeadline(past)
		c.rc.SetWriteDeadline(past)
	}
}
