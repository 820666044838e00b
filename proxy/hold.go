package proxy

import "time"

// maxHeld bounds the requests that wait for instances to start.
const maxHeld = 2000

// hold waits until the table says something else about the request than "wait", for
// at most the hold timeout.
func (s *Server) hold(x *exchange) {
	route := x.route
	if s.held.Add(1) > maxHeld {
		s.held.Add(-1)
		x.decision = refuse(503, "The application is starting, and too many requests wait for it.")
		x.route = route
		return
	}
	defer s.held.Add(-1)
	x.client.guard(nil, 2*s.opt.HoldTimeout) // notices when the client leaves
	defer x.client.guard(nil, 0)
	timeout := time.NewTimer(s.opt.HoldTimeout)
	defer timeout.Stop()
	for x.action == actHold {
		route = x.route
		select {
		case <-x.snap.changed:
			x.snap = s.snapshot.Load()
			x.decision = x.snap.decide(&x.req, s.grants)
		case <-timeout.C:
			x.decision = refuse(503, "The application is starting.")
			x.route = route
		case <-x.client.gone():
			x.decision = refuse(499, "")
			x.route = route
		}
	}
}
