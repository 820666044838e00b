package proxy

import (
	"sync"
)

// eventStreams keeps the event streams, which end only when they are told that the proxy
// stops.
type eventStreams struct {
	mu          sync.Mutex // guards the fields that follow
	streams     map[*upstream]struct{}
	interrupted bool
}

func newEventStreams() eventStreams { return eventStreams{streams: map[*upstream]struct{}{}} }

// add notes an event stream; it is ended at once when the proxy is stopping.
func (e *eventStreams) add(u *upstream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams[u] = struct{}{}
	if e.interrupted {
		u.interrupt()
	}
}

func (e *eventStreams) remove(u *upstream) {
	e.mu.Lock()
	delete(e.streams, u)
	e.mu.Unlock()
}

// interruptAll makes every event stream end: its client comes back with the id of the
// last event that it saw.
func (e *eventStreams) interruptAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.interrupted = true
	for u := range e.streams {
		u.interrupt()
	}
}
