package proxy

import (
	"sync"
)

// endless keeps the event streams, which end only when they are told that the proxy
// stops.
type endless struct {
	mu      sync.Mutex // guards the fields that follow
	streams map[*upstream]struct{}
	ended   bool
}

func newEndless() endless { return endless{streams: map[*upstream]struct{}{}} }

// add notes an event stream; it is ended at once when the proxy is stopping.
func (e *endless) add(u *upstream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams[u] = struct{}{}
	if e.ended {
		u.interrupt()
	}
}

func (e *endless) remove(u *upstream) {
	e.mu.Lock()
	delete(e.streams, u)
	e.mu.Unlock()
}

// endStreams makes every event stream end: its client comes back with the id of the
// last event that it saw.
func (e *endless) endStreams() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for u := range e.streams {
		u.interrupt()
	}
}
