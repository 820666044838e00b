package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// guarded is the part of a client's request that the watcher needs: what it waits
// for, and how to make that wait end.
type guarded struct {
	watch   watch
	sending watch // a write to the client is under way, whatever else is waited for
	yielded atomic.Bool

	mu       sync.Mutex // guards the fields that follow
	up       *upstream  // what the request waits for
	reading  bool       // the request body is being read
	left     bool       // the client has
	leftChan chan struct{}
}

// guard sets how long the upstream may be silent; with no upstream, how long the
// request may wait for one, and 0 ends it. It holds until the next call.
func (g *guarded) guard(u *upstream, silence time.Duration) {
	if g.up != u { // only the request's own goroutine changes it
		g.mu.Lock()
		g.up = u
		if g.left && u != nil {
			u.interrupt()
		}
		g.mu.Unlock()
	}
	if u == nil && silence == 0 {
		g.watch.set(postureBusy, 0)
		return
	}
	g.watch.set(postureUpstream, silence)
}

func (g *guarded) setReading(on bool) {
	g.mu.Lock()
	g.reading = on
	g.mu.Unlock()
}

// gone is closed when the client left, as far as one can know.
func (g *guarded) gone() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leftChan == nil {
		g.leftChan = make(chan struct{})
		if g.left {
			close(g.leftChan)
		}
	}
	return g.leftChan
}

// gaveWay says that it is us who want the request to end.
func (g *guarded) gaveWay() bool { return g.yielded.Load() }

// leave notes that the client has closed, and cancels what it waits for.
func (g *guarded) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left {
		return
	}
	g.left = true
	if g.leftChan != nil {
		close(g.leftChan)
	}
	if g.up != nil {
		g.up.interrupt()
	}
}

// deadlines of a client's side, which expire sets into the past to end a wait.
type deadlines interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

var (
	past  = time.Unix(1, 0)
	never time.Time
)

// expire makes the call that blocks return with a timeout; its goroutine does the rest.
func (g *guarded) expire(p posture, client deadlines) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch p {
	case postureIdle, postureHead, postureBody:
		client.SetReadDeadline(past)
	case postureUpstream:
		if g.reading {
			client.SetReadDeadline(past)
		}
		if g.up != nil {
			g.up.interrupt()
		}
	case postureWrite:
		client.SetReadDeadline(past)
		client.SetWriteDeadline(past)
	}
}
