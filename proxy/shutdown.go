package proxy

import (
	"cmp"
	"context"
	"time"

	"github.com/nexushub/nexushub/proxy/certs"
)

// Times of a shutdown besides the drain timeout: how long connections are served on
// so that busy clients learn that they close, how long the last requests have, and how
// long a new connection may take to send one.
const (
	farewell   = time.Second
	lastOrders = 5 * time.Second
	patience   = 2 * time.Second
	drainPoll  = 10 * time.Millisecond
)

// shutdown finishes what is in flight. New connections wait for the next process, which
// comes soon: to serve them here, only to close each after one request, would cost their
// clients a handshake per request. Where requests take longer than the farewell, they
// are served as well after all (by HTTP/1.1, one request each, unless the client speaks
// HTTP/2 alone), so that a long download does not keep everybody else waiting.
func (s *Server) shutdown() {
	s.log.Info("proxy stops: finishing requests in flight", "in_flight", s.inFlight[0].Load(), "connections", s.conns.Load())
	s.tls.Store(s.tlsConfig("http/1.1", "h2", certs.ACMEProtocol))
	s.doors.shut()
	s.epoch.Store(1)
	s.endless.endStreams()
	for _, t := range s.targets.all() {
		t.closeStreams()
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.opt.DrainTimeout)
	defer cancel()
	begun := time.Now()
	await(ctx, func() bool {
		s.letGo(false)
		return time.Since(begun) > s.farewell() || s.conns.Load() == 0
	})
	if s.inFlight[0].Load() > 0 {
		s.doors.open()
		await(ctx, func() bool { return s.inFlight[0].Load() == 0 })
	}
	s.doors.close()
	s.lastOrders()
	s.log.Info("proxy has stopped", "cut", s.inFlight[0].Load()+s.inFlight[1].Load())
}

func (s *Server) farewell() time.Duration { return cmp.Or(s.opt.farewell, farewell) }

// letGo lets connections go that their clients will not miss. Those of HTTP/1.1 stay open
// until the end: their clients learn by the next answer, and cannot learn before.
func (s *Server) letGo(last bool) {
	for _, c := range s.watcher.all() {
		switch c := c.(type) {
		case *http2Conn:
			c.letGo()
		case *conn:
			if last {
				c.letGo()
			}
		}
	}
}

// lastOrders serves the connections that were accepted last and lets idle ones go.
func (s *Server) lastOrders() {
	ctx, cancel := context.WithTimeout(context.Background(), lastOrders)
	defer cancel()
	await(ctx, func() bool {
		s.letGo(true)
		return s.conns.Load() == 0
	})
}

// letGo closes a connection that waits for a further request; one that has not had
// its first answer yet gets a moment more, for its client may be slow and could not
// know that its request was not begun.
func (c *conn) letGo() {
	if p, _ := c.watch.look(); p == postureIdle && (c.served.Load() || c.server.watcher.clock.Load()-c.opened > uint64(patience/tick)) {
		c.net.SetReadDeadline(past)
	}
}

// await polls until done or ctx ends.
func await(ctx context.Context, done func() bool) {
	t := time.NewTicker(drainPoll)
	defer t.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
