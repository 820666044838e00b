package proxy

import (
	"cmp"
	"time"

	"github.com/nexushub/nexushub/proxy/shares"
)

// maxHeld bounds the requests that wait for instances to start.
const maxHeld = 2000

func (s *Server) maxHeld() int { return cmp.Or(s.opt.maxHeld, maxHeld) }

// held is a request that waits.
type held struct {
	since uint64        // tick of the watcher's clock
	out   chan struct{} // closed: it gives way
}

// Worth of those that wait is the same but for their age.
func (h *held) Worth() shares.Worth { return shares.Worth{Since: newest(h.since)} }

// hold waits until the table says something else about the request than "wait", for
// at most the hold timeout.
func (s *Server) hold(x *exchange) {
	h := &held{since: s.deadlines.clock.Load(), out: make(chan struct{})}
	seat := s.wait(h, x)
	if seat == nil {
		x.crowdedOut()
		return
	}
	defer seat.Leave()
	x.downstream.guard(nil, 2*s.opt.HoldTimeout) // notices when the client leaves
	defer x.downstream.guard(nil, 0)
	timeout := time.NewTimer(s.opt.HoldTimeout)
	defer timeout.Stop()
	for x.action == actHold {
		route := x.route
		select {
		case <-x.snap.changed:
			x.snap = s.snapshot.Load()
			x.decision = x.snap.decide(&x.req, s.grants)
		case <-timeout.C:
			x.decision = refuse(503, "The application is starting.")
			x.route = route
		case <-h.out:
			x.crowdedOut()
		case <-x.downstream.gone():
			x.decision = refuse(499, "")
			if x.downstream.gaveWay() {
				x.decision = refuse(503, crowded)
			}
			x.route = route
		}
	}
}

// wait gives the request a seat among those that wait, of its client and of its
// application, or nil.
func (s *Server) wait(h *held, x *exchange) *shares.Seat {
	t := s.waiting.Take(h, s.requester(x), shares.Named(x.route.Instance))
	switch {
	case t.Seat == nil:
		s.tooMany.held.note(newcomer, t)
	case t.Victim != nil:
		s.tooMany.held.note("held", t)
		close(t.Victim.(*held).out)
	}
	return t.Seat
}

// crowdedOut answers a request that waits, or was to.
func (x *exchange) crowdedOut() {
	route := x.route
	x.decision = refuse(503, "The application is starting, and too many requests wait for it.")
	x.route = route
}
