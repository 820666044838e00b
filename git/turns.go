package git

import (
	"context"
	"sync"
)

// turns lets the pushes of one application come one after the other.
type turns struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the turn is over
}

func newTurns() *turns { return &turns{busy: map[string]chan struct{}{}} }

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
