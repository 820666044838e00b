package proxy

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// How long a client that was answered early may go on sending: until it is silent for
// lingerSilence, and lingerTime in all.
const (
	lingerSilence = 5 * time.Second
	lingerTime    = 30 * time.Second
)

// linger is the end of a connection of HTTP/1.x whose client may still be sending. What comes
// is thrown away, however much it is: a connection that is closed over bytes of its client is
// reset by the kernel, and a client that sends first and reads later would never see its answer
// (RFC 9112 section 9.6). Nothing of it is taken for a request.
func (c *conn) linger() {
	clock := &c.server.deadlines.clock
	c.lingersSince.Store(clock.Load())
	c.waiting.set(waitLinger, lingerSilence)
	if c.state.has(evicted) { // there is no room to wait in
		return
	}
	c.r.Consume(len(c.r.Buffered()))
	c.r.Release()
	if c.closeWrite() != nil {
		return
	}
	b := h1.Get(h1.Small)
	defer h1.Put(b)
	raw := rawOf(c.net) // what TLS would decrypt is not needed
	raw.SetReadDeadline(noDeadline)
	for left := lingerTime; left > 0; left = lingerTime - sinceTick(clock, c.lingersSince.Load()) {
		c.waiting.set(waitLinger, min(lingerSilence, left))
		if !c.discard(raw, b) {
			return
		}
	}
}

// discard reads until the client sends something, and reports false when there is no more
// use in that.
func (c *conn) discard(raw net.Conn, b []byte) bool {
	for {
		_, err := raw.Read(b)
		if _, expired := c.waiting.expired(); !isTimeout(err) || expired {
			return err == nil
		}
		raw.SetReadDeadline(noDeadline) // that was the end of an earlier wait
	}
}

// closeWrite tells the client that nothing more comes.
func (c *conn) closeWrite() error {
	if t, ok := c.net.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return err
		}
	}
	if tcp, ok := rawOf(c.net).(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return net.ErrClosed
}

// sinceTick is how long ago a tick was.
func sinceTick(clock *atomic.Uint64, then uint64) time.Duration {
	return time.Duration(clock.Load()-then) * tick
}
