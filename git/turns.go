package git

import (
	"context"
	"sync"
)

// atOnce is how many pushes of one application may be read at once. Each has a git with memory and
// files of its own, before it is its turn.
const atOnce = 4

// turns lets the pushes of one application come one after the other.
type turns struct {
	mu      sync.Mutex
	busy    map[string]chan struct{} // closed when the turn is over
	reading map[string]int
}

func newTurns() *turns { return &turns{busy: map[string]chan struct{}{}, reading: map[string]int{}} }

// enter counts a push that is read until leave is called; not ok: there are enough.
func (t *turns) enter(id string) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reading[id] >= atOnce {
		return nil, false
	}
	t.reading[id]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.reading[id]--; t.reading[id] == 0 {
			delete(t.reading, id)
		}
	}, true
}

// take waits for the turn, tells once if it has to, and returns what ends it.
func (t *turns) take(ctx context.Context, id string, wait func()) (done func(), err error) {
	for told := false; ; told = true {
		t.mu.Lock()
		before, taken := t.busy[id]
		if !taken {
			mine := make(chan struct{})
			t.busy[id] = mine
			t.mu.Unlock()
			return func() { t.end(id, mine) }, nil
		}
		t.mu.Unlock()
		if !told {
			wait()
		}
		select {
		case <-before:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *turns) end(id string, mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, id)
	close(mine)
}
