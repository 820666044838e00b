package proxy

import (
	"cmp"
	"time"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// maxHeld bounds the requests that wait for instances to start.
const maxHeld = 2000

func (s *Server) maxHeld() int { return cmp.Or(s.opt.maxHeld, maxHeld) }

// held is a request that waits.
type held struct {
	since   uint64        // tick of the deadline loop's clock
	evicted chan struct{} // closed: it was evicted
}

// Priority of held requests differs by their age alone.
func (h *held) Priority() fairshare.Priority {
	return fairshare.Priority{Since: youngestFirst(h.since)}
}

// hold waits until the table says something else about the request than "hold", for
// at most the hold timeout, however often it is held.
func (s *Server) hold(x *exchange) {
	h := &held{since: s.deadlines.clock.Load(), evicted: make(chan struct{})}
	slot := s.acquireHeld(h, x)
	if slot == nil {
		x.refuseHeld()
		return
	}
	defer slot.Release()
	x.downstream.awaitTable(2 * s.opt.HoldTimeout) // notices when the client leaves
	defer x.downstream.stopWaiting()
	if x.holdEnds.IsZero() {
		x.holdEnds = time.Now().Add(s.opt.HoldTimeout)
	}
	timeout := time.NewTimer(time.Until(x.holdEnds))
	defer timeout.Stop()
	for x.decision.action == actHold {
		route := x.decision.route
		select {
		case <-x.snap.changed:
			x.snap = s.snapshot.Load()
			x.decision = x.snap.decide(&x.req, s.grants)
		case <-timeout.C:
			x.decision = refuse(503, "The application is starting.")
			x.decision.route = route
		case <-h.evicted:
			x.refuseHeld()
		case <-x.downstream.gone():
			x.decision = refuse(499, "")
			if x.downstream.wasEvicted() {
				x.decision = refuse(503, tooManyRequests)
			}
			x.decision.route = route
		}
	}
}

// acquireHeld gives the request a slot among the held ones, of its client and of its
// application, or nil.
func (s *Server) acquireHeld(h *held, x *exchange) *fairshare.Slot {
	t := s.heldPool.Acquire(h, s.requester(x), fairshare.Named(x.decision.route.Instance))
	switch {
	case t.Slot == nil:
		s.evictions.held.note(newcomer, t)
	case t.Victim != nil:
		s.evictions.held.note(heldReason, t)
		close(t.Victim.(*held).evicted)
	}
	return t.Slot
}

// refuseHeld refuses a request that is held, or was to be.
func (x *exchange) refuseHeld() {
	route := x.decision.route
	x.decision = refuse(503, "The application is starting, and too many requests wait for it.")
	x.decision.route = route
}
