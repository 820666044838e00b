package plan

import (
	"slices"

	"github.com/nexushub/nexushub/units"
)

// retireOthers stops what is not wanted: replicas that are too many at once, and other revisions once
// the wanted one has taken over.
func (s *AppState) retireOthers() (steps []Task) {
	takenOver := s.takenOver()
	for _, u := range s.Others {
		switch {
		case slices.Contains(s.Served, u.Unit) || slices.Contains(s.Target, u.Unit):
		case u.Revision == s.Revision:
			steps = append(steps, s.retire(u, units.Part(u.Process, u.Replica)+" is more than are wanted"))
		case takenOver:
			steps = append(steps, s.retire(u, "revision "+ShortHash(s.Revision)+" has taken over"))
		}
	}
	return steps
}

// takenOver says whether the wanted revision answers the requests.
func (s *AppState) takenOver() bool {
	healthy := false
	for _, name := range s.Served {
		r := s.state(name)
		if r == nil {
			return false
		}
		healthy = healthy || r.healthy()
	}
	return healthy
}

// tearDown stops units: first no new requests, then none in flight.
func (s *AppState) tearDown(reason string, list []*Unit) (steps []Task) {
	for _, routed := range slices.Concat(s.Served, s.Target) { // a proxy that was slow may have Target by now
		return []Task{s.Task(Unroute, routed, reason)}
	}
	for _, u := range list {
		steps = append(steps, s.retire(u, reason))
	}
	return steps
}

// retire is the next step in stopping one unit that gets no new requests.
func (s *AppState) retire(u *Unit, reason string) Task {
	if u.IsWeb() && u.Running() && !u.Drained {
		return s.Task(Drain, u.Unit, reason)
	}
	return s.Task(Stop, u.Unit, reason)
}
