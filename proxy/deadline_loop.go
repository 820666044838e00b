package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// checker is what the loop supervises. check is called on every tick.
type checker interface{ check() }

// deadlineLoop enforces all deadlines of all connections from one goroutine.
type deadlineLoop struct {
	clock atomic.Uint64
	ticks <-chan time.Time // nil: one each tick

	mu    sync.Mutex // guards conns
	conns map[checker]struct{}
}

func newDeadlineLoop(ticks <-chan time.Time) *deadlineLoop {
	return &deadlineLoop{ticks: ticks, conns: map[checker]struct{}{}}
}

func (w *deadlineLoop) add(c checker) {
	w.mu.Lock()
	w.conns[c] = struct{}{}
	w.mu.Unlock()
}

func (w *deadlineLoop) remove(c checker) {
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
}

func (w *deadlineLoop) all() []checker {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]checker, 0, len(w.conns))
	for c := range w.conns {
		list = append(list, c)
	}
	return list
}

// Run ticks until ctx ends.
func (w *deadlineLoop) Run(ctx context.Context) error {
	ticks := w.ticks
	if ticks == nil {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
			w.clock.Add(1)
			w.sweep()
		}
	}
}

// sweep checks in place when there are many, to leave no garbage behind.
func (w *deadlineLoop) sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.check()
	}
}
