package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// watched is a connection under the watcher's eyes. check is called on every tick.
type watched interface{ check() }

// watcher enforces all deadlines of all connections from one goroutine.
type watcher struct {
	clock atomic.Uint64
	ticks <-chan time.Time // nil: one each tick

	mu    sync.Mutex // guards conns
	conns map[watched]struct{}
}

func newWatcher(ticks <-chan time.Time) *watcher {
	return &watcher{ticks: ticks, conns: map[watched]struct{}{}}
}

func (w *watcher) add(c watched) {
	w.mu.Lock()
	w.conns[c] = struct{}{}
	w.mu.Unlock()
}

func (w *watcher) remove(c watched) {
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
}

func (w *watcher) all() []watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]watched, 0, len(w.conns))
	for c := range w.conns {
		list = append(list, c)
	}
	return list
}

// Run ticks until ctx ends.
func (w *watcher) Run(ctx context.Context) error {
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
func (w *watcher) sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.check()
	}
}
