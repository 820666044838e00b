package units

import (
	"context"
	"sync"
)

// Event says that something may have changed; Get or List return what.
type Event struct {
	Unit   string // this unit
	Resync bool   // anything: the connection is new, or PID 1 was reloaded
}

// Queue hands out Events. It holds each at most once, so that a slow consumer delays neither the
// reader of signals nor PID 1, and memory stays bounded by the number of units.
type Queue struct {
	out  chan Event
	wake chan struct{} // capacity 1

	mu      sync.Mutex // guards the fields that follow
	resync  bool
	pending map[string]bool
	order   []string
}

// NewQueue makes an empty one. What is put before Run only collects.
func NewQueue() *Queue {
	return &Queue{out: make(chan Event), wake: make(chan struct{}, 1), pending: map[string]bool{}}
}

// Put adds an event and never blocks.
func (q *Queue) Put(e Event) {
	q.mu.Lock()
	if e.Resync {
		q.resync = true
	} else if !q.pending[e.Unit] {
		q.pending[e.Unit] = true
		q.order = append(q.order, e.Unit)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Events is where they come out while Run runs.
func (q *Queue) Events() <-chan Event { return q.out }

// take returns the next event; a Resync makes those before it pointless.
func (q *Queue) take() (Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.resync {
		q.resync, q.order = false, nil
		clear(q.pending)
		return Event{Resync: true}, true
	}
	if len(q.order) == 0 {
		return Event{}, false
	}
	unit := q.order[0]
	q.order = q.order[1:]
	delete(q.pending, unit)
	return Event{Unit: unit}, true
}

// Run hands the events out until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	for {
		e, ok := q.take()
		if !ok {
			select {
			case <-q.wake:
			case <-ctx.Done():
				return nil
			}
			continue
		}
		select {
		case q.out <- e:
		case <-ctx.Done():
			return nil
		}
	}
}
