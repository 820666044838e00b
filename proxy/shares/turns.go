package shares

import (
	"container/list"
	"sync"
)

// Turns lets a few at a time do something costly. Those who have to wait are let in by
// turns: one of each holder, then the next of each. The exempt do not wait.
type Turns struct {
	mu    sync.Mutex // guards the fields that follow
	free  int        // less than none while exempt ones are at it
	lines map[Key]*line
	order list.List // of *line, that whose turn it is in front
}

// line is where those of one holder wait. None is empty.
type line struct {
	key     Key
	waiting list.List // of chan struct{}
	place   *list.Element
}

// NewTurns returns turns for n at a time.
func NewTurns(n int) *Turns { return &Turns{free: n, lines: map[Key]*line{}} }

// Wait returns true when it is k's turn, which Done ends, and false when gone is closed
// before.
func (t *Turns) Wait(k Key, gone <-chan struct{}) bool {
	turn := make(chan struct{})
	l, queued := t.queue(k, turn)
	if l == nil {
		return true
	}
	select {
	case <-turn:
		return true
	case <-gone:
		t.leave(l, queued, turn)
		return false
	}
}

// queue returns nil when it is k's turn at once.
func (t *Turns) queue(k Key, turn chan struct{}) (*line, *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 || k == (Key{}) {
		t.free--
		return nil, nil
	}
	l := t.lines[k]
	if l == nil {
		l = &line{key: k}
		l.place = t.order.PushBack(l)
		t.lines[k] = l
	}
	return l, l.waiting.PushBack(turn)
}

// leave takes a waiting one out; when its turn has come meanwhile, the next one has it.
func (t *Turns) leave(l *line, queued *list.Element, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-turn:
		t.pass()
	default:
		t.take(l, queued)
	}
}

// take takes one out of its line. The caller holds mu.
func (t *Turns) take(l *line, queued *list.Element) chan struct{} {
	turn := l.waiting.Remove(queued).(chan struct{})
	if l.waiting.Len() == 0 {
		t.order.Remove(l.place)
		delete(t.lines, l.key)
	}
	return turn
}

// Done ends a turn.
func (t *Turns) Done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass()
}

// pass frees a turn and gives it to who is next. The caller holds mu.
func (t *Turns) pass() {
	t.free++
	if t.free <= 0 || t.order.Len() == 0 {
		return
	}
	t.free--
	l := t.order.Front().Value.(*line)
	t.order.MoveToBack(l.place)
	close(t.take(l, l.waiting.Front()))
}
