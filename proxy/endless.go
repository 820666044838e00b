package proxy

import (
	"sync"
)

// endless keeps what must be told when the proxy stops: event streams, which end only
// then, and the listeners.
type endless struct {
	mu      sync.Mutex // guards the fields that follow
	streams map[*upstream]struct{}
	closers []func()
	ended   bool
}

func newEndless() endless { return endless{streams: map[*upstream]struct{}{}} }

// add notes an event stream; it is ended at once when the proxy is stopping.
func (e *endless) add(u *upstream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams[u] = struct{}{}
	if e.ended {
		u.SetReadDeadline(past)
	}
}

func (e *endless) remove(u *upstream) {
	e.mu.Lock()
	delete(e.streams, u)
	e.mu.Unlock()
}

func (e *endless) onClose(f func()) {
	e.mu.Lock()
	e.closers = append(e.closers, f)
	e.mu.Unlock()
}

// endStreams makes every event stream end: its client comes back with the id of the
// last event that it saw.
func (e *endless) endStreams() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for u := range e.streams {
		u.SetReadDeadline(past)
	}
}

func (e *endless) closeListeners() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.closers {
		f()
	}
}
