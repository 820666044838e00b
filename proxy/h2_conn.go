package proxy

//lint:file-ignore SA1019 http.Server, which it recommends, closes idle connections before their GOAWAY has arrived, see below

import (
	"context"
	"crypto/tls"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// newH2Base bounds streams, resets and pings (rapid reset, CVE-2023-44487) of all
// connections. It has no idle timeout: connections end as h2Conn says.
func newH2Base(opt Options) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: opt.HeaderTimeout,
		MaxHeaderBytes:    opt.Limits.MaxBytes,
		ErrorLog:          log.New(debugLog{opt.Log}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:      connStreams,
			MaxReceiveBufferPerStream: lingerWindow,
			SendPingTimeout:           opt.IdleTimeout / 4,
			PingTimeout:               opt.HeaderTimeout,
			WriteByteTimeout:          opt.StallTimeout,
		},
	}
}

// A GOAWAY and a client's last requests have at least roundTrip to arrive, and pingTimeout
// at most where the client does not answer the PING behind it. x/net keeps the connection
// open for a second more.
const (
	roundTrip   = 500 * time.Millisecond
	pingTimeout = 3 * time.Second
)

// h2Conn is one connection that agreed on HTTP/2. It ends without losing a request
// (RFC 9113 section 6.8): a first GOAWAY asks the client to send further requests
// elsewhere, and refuses none; a second one, when the client has answered the PING that
// follows the first, refuses those that have not arrived by then. Neither comes before the
// first response, unless newConnGrace is over: a client that is told to go before it has
// sent anything takes that for a failure.
//
// It is not net/http's own server, because that one's Shutdown closes connections
// without a stream at once, whether the GOAWAY has reached the client or not.
type h2Conn struct {
	server       *Server
	frames       *h2FrameConn
	shutdownHook *http.Server  // serves nothing: its Shutdown is the way to x/net's second GOAWAY
	opened       uint64        // tick of the deadline loop's clock
	goAwayAt     atomic.Uint64 // tick of the first GOAWAY
	finalGoAway  atomic.Bool   // the second was asked for
	closeAfter   atomic.Uint64 // tick after which it is closed, whatever is open; 0: never

	mu        sync.Mutex // guards the fields that follow
	inFlight  int        // requests
	begun     int64      // requests, all that there were
	idleSince uint64     // tick since when none is open
}

// serveH2 returns when the connection is closed.
func (s *Server) serveH2(a *accepted, tc *tls.Conn) {
	defer a.release()
	now := s.deadlines.clock.Load()
	c := &h2Conn{
		server: s, frames: newH2FrameConn(tc, &s.deadlines.clock), shutdownHook: &http.Server{}, opened: now, idleSince: now,
	}
	// What HTTP/2 begins with, and clients send: a frame is read whole before it is looked at.
	server := &http2.Server{MaxReadFrameSize: 16 << 10}
	if err := http2.ConfigureServer(c.shutdownHook, server); err != nil {
		s.log.Error("HTTP/2 could not be set up", "error", err)
		tc.NetConn().Close()
		return
	}
	a.handOver(c)
	s.deadlines.add(c)
	defer s.deadlines.remove(c)
	server.ServeConn(c.frames, &http2.ServeConnOpts{BaseConfig: s.h2Base, Handler: c})
}

// ServeHTTP answers one request.
func (c *h2Conn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.Trailer) > 0 {
		c.frames.lingering.never.Store(true)
	}
	c.count(1)
	defer c.count(-1)
	c.server.ServeHTTP(w, r)
}

func (c *h2Conn) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight += n
	if n > 0 {
		c.begun++
	}
	if n < 0 {
		c.idleSince = c.server.deadlines.clock.Load()
	}
}

// idleFor is for how many ticks no request has been open.
func (c *h2Conn) idleFor(now uint64) (ticks uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight > 0 || now < c.idleSince {
		return 0
	}
	return now - c.idleSince
}

// closeIdle tells the client to go when it will understand. One that has just
// connected may have given the connection several requests, of which it has sent the
// first; one with a request in flight may be about to send the next, which Chromium then
// fails ("net::ERR_FAILED") instead of sending it elsewhere. So a pause is waited for,
// unless there is no time.
func (c *h2Conn) closeIdle(now uint64, hurry bool) {
	age := now - min(now, c.opened) // one that has come since has none
	switch {
	case age <= uint64(newConnGrace/tick) && !c.frames.responded.Load():
	case age <= uint64(roundTrip/tick):
	case c.busy() && !hurry:
	default:
		c.startGoAway(now)
	}
}

// busy until the last frame of every answer has gone out. An answer that was broken off
// has none: such a connection counts as busy from then on.
func (c *h2Conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inFlight > 0 || c.begun > c.frames.ended.Load()
}

func (c *h2Conn) startGoAway(now uint64) {
	if c.goAwayAt.CompareAndSwap(0, max(now, 1)) {
		go c.frames.goAway()
	}
}

// check is called by the deadline loop.
func (c *h2Conn) check() {
	now := c.server.deadlines.clock.Load()
	if over := c.frames.lingering.over(); len(over) > 0 {
		go c.frames.endLingering(over, c.server.opt.StallTimeout)
	}
	idle := c.idleFor(now)
	switch first := c.goAwayAt.Load(); {
	case c.overdue(now):
		rawOf(c.frames.Conn).Close()
	case first == 0 && idle > uint64(c.server.opt.IdleTimeout/tick):
		c.startGoAway(now)
	case first == 0 || !c.mayFinish(now-first) || c.finalGoAway.Swap(true):
	case !c.frames.responded.Load() && idle > 0:
		go c.frames.Close() // what has never sent a request needs no second GOAWAY
	default:
		// It has neither listeners nor connections: this only calls ConfigureServer's hook.
		c.shutdownHook.Shutdown(context.Background()) //nolint:errcheck
	}
}

// mayFinish says that no request can be on its way any more, ticks after the first GOAWAY.
func (c *h2Conn) mayFinish(ticks uint64) bool {
	if ticks < uint64(roundTrip/tick) || !c.frames.goAwaySent.Load() {
		return false
	}
	return c.frames.pingAcked.Load() || !c.frames.responded.Load() || ticks > uint64(pingTimeout/tick)
}
