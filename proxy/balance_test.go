package proxy

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

// inCommon is what targets share that belong to no server.
func inCommon() *common {
	return &common{clock: new(atomic.Uint64), log: quiet, failovers: newMetrics("").failovers}
}

// setWith makes a set of targets with so many requests in flight.
func setWith(loads ...int64) *targetSet {
	p := newTargets(inCommon())
	s := &targetSet{}
	for i, n := range loads {
		t := p.get(proxyctl.Target{ID: fmt.Sprint(i)})
		t.inFlight.Store(n)
		s.all = append(s.all, t)
	}
	return s
}

const (
	fit = iota
	avoided
	draining
)

// TestChoose: the targets that can be chosen at all are exactly these, however chance falls.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name   string
		loads  []int64
		states []int
		want   []int // none: nil is returned
	}{
		{"one", []int64{5}, []int{fit}, []int{0}},
		{"only one, though it failed", []int64{5}, []int{avoided}, []int{0}},
		{"equal", []int64{1, 1, 1}, []int{fit, fit, fit}, []int{0, 1, 2}},
		{"the less loaded of two", []int64{2, 1}, []int{fit, fit}, []int{1}},
		{"never the most loaded", []int64{2, 9, 1}, []int{fit, fit, fit}, []int{0, 2}},
		{"not one that failed, though it is less loaded", []int64{9, 0}, []int{fit, avoided}, []int{0}},
		{"the one that did not fail", []int64{9, 0, 0, 0}, []int{fit, avoided, avoided, avoided}, []int{0}},
		{"all failed: the least loaded", []int64{3, 1, 2, 2}, []int{avoided, avoided, avoided, avoided}, []int{1}},
		{"one that failed before one that drains", []int64{0, 9, 0}, []int{draining, avoided, draining}, []int{1}},
		{"all drain", []int64{0, 0, 0}, []int{draining, draining, draining}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setWith(c.loads...)
			for i, state := range c.states {
				s.all[i].draining.Store(state == draining)
				if state == avoided {
					s.all[i].avoid()
				}
			}
			seen := map[int]bool{}
			for range 1000 {
				seen[slices.Index(s.all, s.choose())] = true
			}
			if len(c.want) == 0 {
				c.want = []int{-1}
			}
			for i := -1; i < len(s.all); i++ {
				if seen[i] != slices.Contains(c.want, i) {
					t.Errorf("target %d is chosen: %v, want one of %v", i, seen[i], c.want)
				}
			}
		})
	}
}

// TestBestExcludes: a request goes to no target a second time, but rather to one that failed for
// others.
func TestBestExcludes(t *testing.T) {
	s := setWith(0, 1, 2)
	s.all[1].avoid()
	var order []string
	var tried []*target
	for range s.all {
		next := s.best(tried)
		order, tried = append(order, next.ID), append(tried, next)
	}
	if got := fmt.Sprint(order); got != "[0 2 1]" {
		t.Errorf("tried in the order %s", got)
	}
	if next := s.best(tried); next != nil {
		t.Errorf("a fourth try, at %s", next.ID)
	}
}

// TestLoadIsEven: when nothing is ever answered, no target gets far ahead of the others.
func TestLoadIsEven(t *testing.T) {
	for _, n := range []int{2, 3, 8, 50} {
		s := setWith(make([]int64, n)...)
		for range 1000 * n {
			s.choose().inFlight.Add(1)
		}
		for _, x := range s.all {
			if got := x.inFlight.Load(); got < 980 || got > 1020 {
				t.Errorf("%s of %d got %d requests of 1000", x.ID, n, got)
			}
		}
	}
}

// TestAvoidanceEnds with the clock, and is news again only after a while.
func TestAvoidanceEnds(t *testing.T) {
	s := setWith(0, 9)
	x := s.all[0]
	for _, c := range []struct {
		tick uint64
		news bool
	}{{0, true}, {3, false}, {10, false}, {10 + 43, false}, {53 + 44, true}} {
		x.clock.Store(c.tick)
		if news := x.avoid(); news != c.news {
			t.Errorf("at tick %d its failure is news: %v", c.tick, news)
		}
		x.clock.Store(c.tick + ticksOf(avoidance) - 1)
		if s.choose() == x {
			t.Errorf("tick %d: it is asked again before its time", c.tick)
		}
		x.clock.Store(c.tick + ticksOf(avoidance))
		if s.choose() != x {
			t.Errorf("tick %d: it is still avoided", c.tick)
		}
	}
}

// TestChooseAllocatesNothing, and its cost does not grow with the number of targets.
func TestChooseAllocatesNothing(t *testing.T) {
	s := setWith(make([]int64, 8)...)
	if n := testing.AllocsPerRun(1000, func() { s.choose() }); n != 0 {
		t.Errorf("%v allocations for each request", n)
	}
}
