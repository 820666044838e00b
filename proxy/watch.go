package proxy

import (
	"sync/atomic"
	"time"
)

// tick is the resolution of the deadlines that are watched.
const tick = 250 * time.Millisecond

// overdue is how long after its deadline a connection is closed without more ado: its
// goroutine hangs in a call that no deadline ends, such as TLS answering a client that
// does not read.
const overdue = 5 * time.Second

// posture is what a connection waits for; it decides what its deadline means.
type posture uint8

const (
	postureBusy     posture = iota // not waiting, or without a deadline
	postureIdle                    // for a request
	postureHead                    // for the rest of a request head
	postureBody                    // for more of a request body
	postureUpstream                // for the target
	postureWrite                   // for the client to take what it is sent
	postureLinger                  // for the client to notice that it was answered
	postureTunnel                  // for either side of an upgraded connection
	postureLeaving                 // for nothing more: it was idle and gives way
)

// watch is a connection's posture and deadline in one word. Setting it costs one
// store, where a timer of its own would cost a request more than parsing it does; a
// watcher looks at all connections four times a second.
type watch struct {
	word  atomic.Uint64 // deadline in ticks << 8 | posture
	clock *atomic.Uint64
}

// set says what the connection waits for from now on; no deadline when d is 0.
func (w *watch) set(p posture, d time.Duration) { w.word.Store(w.wordOf(p, d)) }

// swap is set, and returns what the connection waited for.
func (w *watch) swap(p posture, d time.Duration) posture {
	return posture(w.word.Swap(w.wordOf(p, d)) & 0xff)
}

func (w *watch) wordOf(p posture, d time.Duration) uint64 {
	var deadline uint64
	if d > 0 {
		deadline = w.clock.Load() + ticksOf(d) + 1
	}
	return deadline<<8 | uint64(p)
}

// ticksOf is how many ticks a time takes.
func ticksOf(d time.Duration) uint64 { return uint64((d + tick - 1) / tick) }

// dismiss makes an idle connection a leaving one. It reports false for any other.
func (w *watch) dismiss() bool {
	v := w.word.Load()
	return posture(v&0xff) == postureIdle && w.word.CompareAndSwap(v, v&^0xff|uint64(postureLeaving))
}

// read returns the posture, and its deadline in ticks, 0 for none.
func (w *watch) read() (posture, uint64) {
	v := w.word.Load()
	return posture(v & 0xff), v >> 8
}

// overdue says that the deadline passed a while ago and nothing has come of it.
func (w *watch) overdue() bool {
	deadline := w.word.Load() >> 8
	return deadline > 0 && deadline+uint64(overdue/tick) <= w.clock.Load()
}

// look returns the posture, and whether its deadline has passed.
func (w *watch) look() (p posture, expired bool) {
	v := w.word.Load()
	deadline := v >> 8
	return posture(v & 0xff), deadline > 0 && deadline <= w.clock.Load()
}
