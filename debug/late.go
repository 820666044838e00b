package debug

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// lateName is the state file.
const lateName = "debug-deleted"

// late are applications that have left the registry and of which something may be there
// yet: a process, what it wrote, its secrets. They are on disk before they leave, so that
// an end that was cut off, by whatever, is taken up again.
type late struct {
	state State

	mu  sync.Mutex // guards ids
	ids map[ID]bool
}

func openLate(state State) (*late, error) {
	l := &late{state: state, ids: map[ID]bool{}}
	var saved []ID
	_, err := state.Load(lateName, &saved)
	for _, id := range saved {
		l.ids[id] = true
	}
	return l, err
}

// begin is on disk when it returns.
func (l *late) begin(ids ...ID) error {
	return l.change(func(all map[ID]bool) {
		for _, id := range ids {
			all[id] = true
		}
	})
}

func (l *late) done(ids ...ID) error {
	return l.change(func(all map[ID]bool) {
		for _, id := range ids {
			delete(all, id)
		}
	})
}

func (l *late) change(edit func(map[ID]bool)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := maps.Clone(l.ids)
	edit(next)
	if maps.Equal(next, l.ids) {
		return nil
	}
	l.ids = next // also where the disk refuses: for this life it counts
	return l.state.Save(lateName, l.sorted())
}

func (l *late) all() []ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sorted()
}

func (l *late) sorted() []ID { return slices.Sorted(maps.Keys(l.ids)) }

// end stops what runs, and then removes what it wrote and was given. What does not stop
// in time writes on, so the sweep comes back for it.
func (s *Server) end(ctx context.Context, id ID) error {
	if err := s.apps.late.begin(id); err != nil {
		s.o.Log.Error("deletion is not on disk: a restart of the agent would forget it", "instance", id, "error", err)
	}
	if err := s.o.Runtime.Remove(ctx, string(id)); err != nil {
		return err
	}
	s.removeState(id)
	if err := s.o.Runtime.Disinherit(string(id)); err != nil {
		return err
	}
	return s.apps.late.done(id)
}

// endLate tries again.
func (s *Server) endLate(ctx context.Context) {
	for _, id := range s.apps.late.all() {
		if err := s.end(ctx, id); err != nil {
			s.o.Log.Error("deleted debug application still runs", "instance", id, "error", err)
		}
	}
}
