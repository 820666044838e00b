package proxy

import (
	"sync/atomic"
	"time"
)

// tick is the resolution of the deadlines that are watched.
const tick = 250 * time.Millisecond

// overdue is how long after its deadline a connection is closed outright: its goroutine
// hangs in a call that no deadline ends, such as TLS answering a client that
// does not read.
const overdue = 5 * time.Second

// waitState is what a connection waits for; it decides what its deadline means.
type waitState uint8

const (
	waitNone     waitState = iota // not waiting, or without a deadline
	waitIdle                      // for a request
	waitHead                      // for the rest of a request head
	waitBody                      // for more of a request body
	waitUpstream                  // for the target
	waitWrite                     // for the client to take what it is sent
	waitLinger                    // for the client to notice that it was answered
	waitTunnel                    // for either side of an upgraded connection
	waitEvicted                   // for nothing more: it was idle and is evicted
)

// deadline is a connection's wait state and deadline in one word. Setting it costs one
// store, where a timer of its own would cost a request more than parsing it does; a
// loop checks all connections four times a second.
type deadline struct {
	word  atomic.Uint64 // deadline in ticks << 8 | wait state
	clock *atomic.Uint64
}

// set says what the connection waits for from now on; no deadline when d is 0.
func (w *deadline) set(p waitState, d time.Duration) { w.word.Store(w.encode(p, d)) }

// swap is set, and returns what the connection waited for.
func (w *deadline) swap(p waitState, d time.Duration) waitState {
	return waitState(w.word.Swap(w.encode(p, d)) & 0xff)
}

func (w *deadline) encode(p waitState, d time.Duration) uint64 {
	var deadline uint64
	if d > 0 {
		deadline = w.clock.Load() + ticksOf(d) + 1
	}
	return deadline<<8 | uint64(p)
}

// ticksOf is how many ticks a time takes.
func ticksOf(d time.Duration) uint64 { return uint64((d + tick - 1) / tick) }

// evictIdle makes an idle connection an evicted one. It reports false for any other.
func (w *deadline) evictIdle() bool {
	v := w.word.Load()
	return waitState(v&0xff) == waitIdle && w.word.CompareAndSwap(v, v&^0xff|uint64(waitEvicted))
}

// read returns the wait state, and its deadline in ticks, 0 for none.
func (w *deadline) read() (waitState, uint64) {
	v := w.word.Load()
	return waitState(v & 0xff), v >> 8
}

// overdue says that the deadline passed a while ago and nothing has come of it.
func (w *deadline) overdue() bool {
	deadline := w.word.Load() >> 8
	return deadline > 0 && deadline+uint64(overdue/tick) <= w.clock.Load()
}

// expired returns the wait state, and whether its deadline has passed.
func (w *deadline) expired() (p waitState, expired bool) {
	v := w.word.Load()
	deadline := v >> 8
	return waitState(v & 0xff), deadline > 0 && deadline <= w.clock.Load()
}
