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
	busy    chan struct{}           // capacity 1: held while unpacking
	cancel  context.CancelCauseFunc // of the last who entered
	build   context.CancelCauseFunc // of a build under way
	waiting int                     // for the turn
}

func newInstalls() *installs { return &installs{turns: map[ID]*turn{}} }

// enter waits for the turn; a build that holds it ends then. The context ends with the parent, or with errSuperseded
// when the next one enters; done gives the turn away.
func (i *installs) enter(parent context.Context, id ID) (ctx context.Context, done func(), err error) {
	t := i.turn(id)
	i.queue(t, 1)
	defer i.queue(t, -1)
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

// queue counts who waits for a turn. What is built meanwhile is not wanted any more.
func (i *installs) queue(t *turn, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t.waiting += n; n > 0 && t.build != nil {
		t.build(errSuperseded)
	}
}

// building is the context of a build by who has the turn: a client that leaves does not end it, a
// newer installation, the end of the application and that of the client's token do.
func (i *installs) building(parent context.Context, id ID, still func() error) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	unhook := context.AfterFunc(parent, func() {
		if err := still(); err != nil {
			cancel(err)
		}
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	t := i.turns[id]
	if t == nil || t.waiting > 0 {
		unhook()
		cancel(errSuperseded)
		return ctx, func() {}
	}
	t.build = cancel
	return ctx, func() {
		unhook()
		i.mu.Lock()
		defer i.mu.Unlock()
		t.build = nil
		cancel(nil)
	}
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
	if t.build != nil {
		t.build(errSuperseded)
	}
}
