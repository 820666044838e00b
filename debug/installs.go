package debug

import (
	"context"
	"errors"
	"sync"
)

var errSuperseded = errors.New("superseded by a newer installation, or deleted")

// installs orders the installations of each application: one unpacks at a time, and
// who begins ends the waiting of those before.
type installs struct {
	mu    sync.Mutex // guards turns and what is in them
	turns map[ID]*turn
}

// turn is one application's.
type turn struct {
	busy   chan struct{}           // capacity 1: held while unpacking
	cancel context.CancelCauseFunc // of the last who entered
}

func newInstalls() *installs { return &installs{turns: map[ID]*turn{}} }

// enter waits for the turn. The context ends with the parent, or with errSuperseded
// when the next one enters; done gives the turn away.
func (i *installs) enter(parent context.Context, id ID) (ctx context.Context, done func(), err error) {
	t := i.turn(id)
	select {
	case t.busy <- struct{}{}:
	case <-parent.Done():
		return nil, nil, parent.Err()
	}
	ctx, cancel := context.WithCancelCause(parent)
	i.mu.Lock()
	defer i.mu.Unlock()
	t.supersede()
	t.cancel = cancel
	return ctx, func() { <-t.busy }, nil
}

func (i *installs) turn(id ID) *turn {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.turns[id] == nil {
		i.turns[id] = &turn{busy: make(chan struct{}, 1)}
	}
	return i.turns[id]
}

// forget ends all waiting for an application that is going away. Who is still in the
// queue finds it in no registry.
func (i *installs) forget(id ID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t := i.turns[id]; t != nil {
		t.supersede()
		delete(i.turns, id)
	}
}

func (t *turn) supersede() {
	if t.cancel != nil {
		t.cancel(errSuperseded)
	}
}
