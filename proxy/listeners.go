package proxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// listeners are the sockets that clients connect to. Paused, they accept no connection, but
// refuse none either: new ones wait in the kernel's queue until the listeners resume, or for
// the next process.
type listeners struct {
	mu      sync.Mutex // guards the fields that follow
	list    []net.Listener
	resumed chan struct{} // closed: they have resumed; nil: they were never paused
}

func (d *listeners) add(l net.Listener) {
	d.mu.Lock()
	d.list = append(d.list, l)
	d.mu.Unlock()
}

func (d *listeners) pause() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resumed = make(chan struct{})
	d.deadline(longAgo)
}

func (d *listeners) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline(time.Time{})
	close(d.resumed)
}

// deadline makes calls of Accept return, and later ones fail at once, when it is past.
func (d *listeners) deadline(t time.Time) {
	for _, l := range d.list {
		if l, ok := l.(interface{ SetDeadline(time.Time) error }); ok {
			l.SetDeadline(t) //nolint:errcheck // it is closed
		}
	}
}

// waitResumed returns when paused listeners have resumed, or ctx ends.
func (d *listeners) waitResumed(ctx context.Context) {
	d.mu.Lock()
	opened := d.resumed
	d.mu.Unlock()
	select {
	case <-opened:
	case <-ctx.Done():
	}
}

func (d *listeners) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.list {
		l.Close()
	}
}
