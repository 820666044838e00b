package debug

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// late are deleted applications that did not end in time.
type late struct {
	mu  sync.Mutex // guards ids
	ids map[ID]bool
}

func newLate() *late { return &late{ids: map[ID]bool{}} }

func (l *late) set(id ID, is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if is {
		l.ids[id] = true
		return
	}
	delete(l.ids, id)
}

func (l *late) all() []ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.ids))
}

// end stops what runs, and then removes what it wrote and was given. What does not stop
// in time writes on, so the sweep comes back for it.
func (s *Server) end(ctx context.Context, id ID) error {
	err := s.o.Runtime.Remove(ctx, string(id))
	s.late.set(id, err != nil)
	if err != nil {
		return err
	}
	s.removeState(id)
	return s.o.Runtime.Disinherit(string(id))
}

// endLate tries again.
func (s *Server) endLate(ctx context.Context) {
	for _, id := range s.late.all() {
		if err := s.end(ctx, id); err != nil {
			s.o.Log.Error("deleted debug application still runs", "instance", id, "error", err)
		}
	}
}
