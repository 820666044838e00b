package proxy

import (
	"cmp"
	"context"
	"time"

	"github.com/nexushub/nexushub/proxy/certs"
)

// Times of a shutdown besides the drain timeout: how long connections keep being
// served so that busy clients learn that they close, how long the last requests have, and how
// long a new connection may take to send one.
const (
	keepAliveGrace = time.Second
	finalDeadline  = 5 * time.Second
	newConnGrace   = 2 * time.Second
	drainPoll      = 10 * time.Millisecond
)

// shutdown finishes what is in flight. New connections wait for the next process, which
// comes soon: to serve them here, only to close each after one request, would cost their
// clients a handshake per request. Where requests take longer than the grace, they
// are served as well after all (by HTTP/1.1, one request each, unless the client speaks
// HTTP/2 alone), so that a long download does not keep everybody else waiting.
func (s *Server) shutdown() {
	s.log.Info("proxy is stopping: finishing requests in flight",
		"in_flight", s.inFlight[0].Load(), "connections", s.conns.Load())
	s.tls.Store(s.tlsConfig("http/1.1", "h2", certs.ACMEProtocol))
	s.listeners.pause()
	s.epoch.Store(1)
	s.eventStreams.interruptAll()
	for _, t := range s.targets.all() {
		t.closeTunnels()
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.opt.DrainTimeout)
	defer cancel()
	begun := time.Now()
	poll(ctx, func() bool {
		since := time.Since(begun)
		s.closeIdle(since > s.keepAliveGrace()/2, false)
		return since > s.keepAliveGrace() || s.conns.Load() == 0
	})
	if s.inFlight[0].Load() > 0 {
		s.listeners.resume()
		poll(ctx, func() bool { return s.inFlight[0].Load() == 0 })
	}
	s.listeners.close()
	s.finishConnections()
	s.log.Info("proxy has stopped", "cut", s.inFlight[0].Load()+s.inFlight[1].Load())
}

func (s *Server) keepAliveGrace() time.Duration { return cmp.Or(s.opt.keepAliveGrace, keepAliveGrace) }

// closeIdle lets connections go that their clients will not miss; in a hurry also those of
// HTTP/2 that have requests in flight. Those of HTTP/1.1 stay open until the end: their
// clients learn by the next answer, and cannot learn before.
func (s *Server) closeIdle(hurry, last bool) {
	now := s.deadlines.clock.Load()
	for _, c := range s.deadlines.all() {
		switch c := c.(type) {
		case *h2Conn:
			c.closeIdle(now, hurry)
		case *conn:
			if last {
				c.closeIdle()
			}
		}
	}
}

// finishConnections serves the connections that were accepted last and lets idle ones go.
func (s *Server) finishConnections() {
	ctx, cancel := context.WithTimeout(context.Background(), finalDeadline)
	defer cancel()
	poll(ctx, func() bool {
		s.closeIdle(true, true)
		return s.conns.Load() == 0
	})
}

// closeIdle closes a connection that waits for a further request; one that has not had
// its first answer yet gets a moment more, for its client may be slow and could not
// know that its request was not begun. One that lingers does so for roundTrip.
func (c *conn) closeIdle() {
	clock := &c.server.deadlines.clock
	switch p, _ := c.waiting.read(); {
	case p == waitIdle && (c.state.has(served) || sinceTick(clock, c.opened) > newConnGrace):
		c.net.SetReadDeadline(longAgo)
	case p == waitLinger && sinceTick(clock, c.lingersSince.Load()) > roundTrip:
		rawOf(c.net).Close()
	}
}

// poll returns when done says so, or ctx ends.
func poll(ctx context.Context, done func() bool) {
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
