package proxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// doors are the listening sockets that clients come in by. Shut, they take no
// connection, but refuse none either: those that come wait in the kernel's queue,
// until the doors open or for the next process.
type doors struct {
	mu     sync.Mutex // guards the fields that follow
	list   []net.Listener
	opened chan struct{} // closed: they are open; nil: they were never shut
}

func (d *doors) add(l net.Listener) {
	d.mu.Lock()
	d.list = append(d.list, l)
	d.mu.Unlock()
}

func (d *doors) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = make(chan struct{})
	d.deadline(past)
}

func (d *doors) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline(time.Time{})
	close(d.opened)
}

// deadline makes calls of Accept return, and later ones fail at once, when it is past.
func (d *doors) deadline(t time.Time) {
	for _, l := range d.list {
		if l, ok := l.(interface{ SetDeadline(time.Time) error }); ok {
			l.SetDeadline(t) //nolint:errcheck // it is closed
		}
	}
}

// await returns when shut doors have been opened, or ctx ends.
func (d *doors) await(ctx context.Context) {
	d.mu.Lock()
	opened := d.opened
	d.mu.Unlock()
	select {
	case <-opened:
	case <-ctx.Done():
	}
}

func (d *doors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.list {
		l.Close()
	}
}
