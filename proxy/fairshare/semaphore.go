package fairshare

import (
	"container/list"
	"sync"
)

// Semaphore lets a few at a time do something costly. Those who have to wait are let in by
// turns: one of each holder, then the next of each. The exempt do not wait.
type Semaphore struct {
	mu     sync.Mutex // guards the fields that follow
	free   int        // negative while exempt ones are at it
	queues map[Key]*queue
	order  list.List // of *queue, the one whose turn is next in front
}

// queue is where those of one holder wait. None is empty.
type queue struct {
	key     Key
	waiting list.List // of chan struct{}
	place   *list.Element
}

// NewSemaphore lets in n at a time.
func NewSemaphore(n int) *Semaphore { return &Semaphore{free: n, queues: map[Key]*queue{}} }

// Acquire returns true when it is k's turn, which Release ends, and false when gone is closed
// before.
func (t *Semaphore) Acquire(k Key, gone <-chan struct{}) bool {
	turn := make(chan struct{})
	l, queued := t.enqueue(k, turn)
	if l == nil {
		return true
	}
	select {
	case <-turn:
		return true
	case <-gone:
		t.abandon(l, queued, turn)
		return false
	}
}

// enqueue returns nil when it is k's turn at once.
func (t *Semaphore) enqueue(k Key, turn chan struct{}) (*queue, *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 || k == (Key{}) {
		t.free--
		return nil, nil
	}
	l := t.queues[k]
	if l == nil {
		l = &queue{key: k}
		l.place = t.order.PushBack(l)
		t.queues[k] = l
	}
	return l, l.waiting.PushBack(turn)
}

// abandon takes a waiting one out; when its turn has come meanwhile, the next one has it.
func (t *Semaphore) abandon(l *queue, queued *list.Element, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-turn:
		t.releaseLocked()
	default:
		t.dequeue(l, queued)
	}
}

// dequeue takes one out of its line. The caller holds mu.
func (t *Semaphore) dequeue(l *queue, queued *list.Element) chan struct{} {
	turn := l.waiting.Remove(queued).(chan struct{})
	if l.waiting.Len() == 0 {
		t.order.Remove(l.place)
		delete(t.queues, l.key)
	}
	return turn
}

// Release ends a turn.
func (t *Semaphore) Release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.releaseLocked()
}

// releaseLocked frees a turn and gives it to who is next. The caller holds mu.
func (t *Semaphore) releaseLocked() {
	t.free++
	if t.free <= 0 || t.order.Len() == 0 {
		return
	}
	t.free--
	l := t.order.Front().Value.(*queue)
	t.order.MoveToBack(l.place)
	close(t.dequeue(l, l.waiting.Front()))
}
