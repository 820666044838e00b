package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// abortable is the part of a client's request that the deadline loop needs: what it waits
// for, and how to end that wait.
type abortable struct {
	waiting deadline
	sending deadline // a write to the client is under way, whatever else is waited for
	evicted atomic.Bool

	mu         sync.Mutex // guards the fields that follow
	upstream   *upstream  // what the request waits for
	reading    bool       // the request body is being read
	clientGone bool       // the client has
	goneChan   chan struct{}
}

func (g *abortable) awaitUpstream(u *upstream, silence time.Duration) {
	g.setUpstream(u)
	g.waiting.set(waitUpstream, silence)
}

func (g *abortable) awaitTable(limit time.Duration) {
	g.setUpstream(nil)
	g.waiting.set(waitUpstream, limit)
}

func (g *abortable) stopWaiting() {
	g.setUpstream(nil)
	g.waiting.set(waitNone, 0)
}

func (g *abortable) setUpstream(u *upstream) {
	if g.upstream == u { // only the request's own goroutine changes it
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.upstream = u
	if g.clientGone && u != nil {
		u.interrupt()
	}
}

func (g *abortable) setReading(on bool) {
	g.mu.Lock()
	g.reading = on
	g.mu.Unlock()
}

// gone is closed when the client has disconnected, as far as one can know.
func (g *abortable) gone() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.goneChan == nil {
		g.goneChan = make(chan struct{})
		if g.clientGone {
			close(g.goneChan)
		}
	}
	return g.goneChan
}

// wasEvicted says that the proxy, not the client, ended the request.
func (g *abortable) wasEvicted() bool { return g.evicted.Load() }

// cancel notes that the client has disconnected, and ends what the request waits for.
func (g *abortable) cancel() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.clientGone {
		return
	}
	g.clientGone = true
	if g.goneChan != nil {
		close(g.goneChan)
	}
	if g.upstream != nil {
		g.upstream.interrupt()
	}
}

// deadlineSetter of a client's side, which expire sets into the past to end a wait.
type deadlineSetter interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

var (
	longAgo    = time.Unix(1, 0)
	noDeadline time.Time
)

// expire makes the blocked call return with a timeout; its goroutine does the rest.
func (g *abortable) expire(p waitState, client deadlineSetter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch p {
	case waitIdle, waitHead, waitBody, waitLinger:
		client.SetReadDeadline(longAgo)
	case waitUpstream:
		if g.reading {
			client.SetReadDeadline(longAgo)
		}
		if g.upstream != nil {
			g.upstream.interrupt()
		}
	case waitWrite:
		client.SetReadDeadline(longAgo)
		client.SetWriteDeadline(longAgo)
	}
}
