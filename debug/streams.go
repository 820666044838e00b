package debug

import (
	"maps"
	"slices"
	"sync"
)

// streams counts the open log streams of each application.
type streams struct {
	mu sync.Mutex
	n  map[ID]int
}

func newStreams() *streams { return &streams{n: map[ID]int{}} }

func (s *streams) open(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[id]++
}

func (s *streams) close(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n[id]--; s.n[id] == 0 {
		delete(s.n, id)
	}
}

func (s *streams) watched() []ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.n))
}
