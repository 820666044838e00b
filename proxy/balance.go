package proxy

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// targetSet is what answers the same requests, such as the replicas of an application.
type targetSet struct {
	all    []*target
	sticky *sticky // nil: any target may get any request
}

// setOf compiles the targets that a table names for one purpose, nil for none.
func (p *targets) setOf(named ...proxyctl.Target) *targetSet {
	if len(named) == 0 {
		return nil
	}
	s := &targetSet{all: make([]*target, 0, len(named))}
	for _, n := range named {
		if t := p.get(n); !slices.Contains(s.all, t) {
			s.all = append(s.all, t)
		}
	}
	return s
}

func (s *targetSet) stickiness() *sticky {
	if s == nil {
		return nil
	}
	return s.sticky
}

// choose returns the less loaded of two targets that chance has picked: nearly as even as the
// least loaded of all, at a cost that does not grow with their number, and without the herd that
// runs to one of them. Targets that draw no requests are passed over; nil: all are draining.
func (s *targetSet) choose() *target {
	n := uint64(len(s.all))
	if n == 1 {
		return s.all[0]
	}
	r := rand.Uint64()
	i := r >> 32 * n >> 32
	j := (i + 1 + r&0xffffffff*(n-1)>>32) % n
	a, b := s.all[i], s.all[j]
	switch inA, inB := a.draws(), b.draws(); {
	case !inA && !inB:
		return s.best(nil)
	case !inB, inA && a.inFlight.Load() <= b.inFlight.Load():
		return a
	}
	return b
}

// best returns the least loaded of the targets that draw requests or, where none does, of the
// avoided ones: that a target failed a moment ago is no reason to refuse a request. It looks at
// all but the excluded ones.
func (s *targetSet) best(excluded []*target) (best *target) {
	start := rand.IntN(len(s.all))
	for i := range s.all {
		t := s.all[(start+i)%len(s.all)]
		if t.draining.Load() || slices.Contains(excluded, t) {
			continue
		}
		if best == nil || t.goesBefore(best) {
			best = t
		}
	}
	return best
}

func (t *target) goesBefore(other *target) bool {
	if mine, others := t.draws(), other.draws(); mine != others {
		return mine
	}
	return t.inFlight.Load() < other.inFlight.Load()
}

// avoidance is how long a target that failed draws no requests that others can answer.
const avoidance = time.Second

// draws says that the target is to get its part of the requests.
func (t *target) draws() bool {
	until := t.avoidedUntil.Load()
	return !t.draining.Load() && (until == 0 || until <= t.clock.Load())
}

// quietFor is how long a target has not failed that is worth a line in the log again.
const quietFor = 10 * time.Second

// avoid has other targets get the requests for a moment. It reports whether that is news.
func (t *target) avoid() bool {
	now := t.clock.Load()
	before := t.avoidedUntil.Swap(now + ticksOf(avoidance))
	return before == 0 || before+ticksOf(quietFor) <= now
}
