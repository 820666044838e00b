package proxy

// evict ends the connection. One that waits for a request, and one that has just got one,
// end without a loss; one that lingers has had its time.
func (c *conn) evict(m evictMode) {
	c.state.set(evicted)
	p, _ := c.waiting.read()
	if c.evictIdle() || m == evictGracefully && p != waitLinger {
		return
	}
	if t := c.tunnel.Load(); t != nil && m == evictAfterNotice {
		go t.goAway() // may wait for the client
		return
	}
	c.cancel()
	rawOf(c.net).Close()
}

// evictIdle ends the wait for a request. It reports false when there is one.
func (c *conn) evictIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := c.waiting.evictIdle()
	if idle {
		c.net.SetReadDeadline(longAgo)
	}
	return idle
}

// arrived notes that a request begins. If the connection was evicted at this very moment,
// the request is answered, as the last one.
func (c *conn) arrived() {
	if c.waiting.swap(waitHead, c.server.opt.HeaderTimeout) == waitEvicted {
		c.mu.Lock()
		c.net.SetReadDeadline(noDeadline)
		c.mu.Unlock()
	}
}

// evict sends GOAWAY. Requests in flight may finish, unless the connection gets no more than
// a notice.
func (c *h2Conn) evict(m evictMode) {
	now := c.server.deadlines.clock.Load()
	switch m {
	case evictNow:
		rawOf(c.frames.Conn).Close()
		return
	case evictAfterNotice:
		c.closeAfter.CompareAndSwap(0, now+2*ticksOf(keepAliveGrace))
	}
	c.startGoAway(now)
}

// overdue says that the time after the notice is over.
func (c *h2Conn) overdue(now uint64) bool {
	at := c.closeAfter.Load()
	return at != 0 && now > at
}

// evict ends the request at the next check.
func (c *h2Stream) evict() { c.evicted.Store(true) }

// endEvicted ends a request that was evicted: it is answered 503 or, when its response has
// begun, reset. Only the deadline loop calls it.
func (c *h2Stream) endEvicted() {
	if !c.evicted.Load() || c.evictionSeen {
		return
	}
	c.evictionSeen = true
	c.cancel()
	if c.responseStarted.Load() {
		c.rc.SetReadDeadline(longAgo)
		c.rc.SetWriteDeadline(longAgo)
	}
}
