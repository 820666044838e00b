package debug

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// removals are applications that have left the registry and of which something may be there
// yet: a process, what it wrote, its secrets. They are on disk before they leave, so that
// an end that was cut off, by whatever, is taken up again.
type removals struct {
	state State
	name  string // of the state file

	mu  sync.Mutex // guards ids
	ids map[ID]bool
}

func openRemovals(state State, name string) (*removals, error) {
	r := &removals{state: state, name: name, ids: map[ID]bool{}}
	var saved []ID
	_, err := state.Load(name, &saved)
	for _, id := range saved {
		r.ids[id] = true
	}
	return r, err
}

// begin is on disk when it returns.
func (r *removals) begin(ids ...ID) error {
	return r.change(func(all map[ID]bool) {
		for _, id := range ids {
			all[id] = true
		}
	})
}

func (r *removals) done(ids ...ID) error {
	return r.change(func(all map[ID]bool) {
		for _, id := range ids {
			delete(all, id)
		}
	})
}

func (r *removals) change(edit func(map[ID]bool)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := maps.Clone(r.ids)
	edit(next)
	if maps.Equal(next, r.ids) {
		return nil
	}
	r.ids = next // also where the disk refuses: for this life it counts
	return r.state.Save(r.name, r.sorted())
}

func (r *removals) has(id ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

func (r *removals) all() []ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sorted()
}

func (r *removals) sorted() []ID { return slices.Sorted(maps.Keys(r.ids)) }

// end stops what runs, and then removes what it wrote and was given. What does not stop
// in time writes on, so the sweep comes back for it.
func (s *Server) end(ctx context.Context, id ID) error {
	if err := s.apps.removals.begin(id); err != nil {
		s.o.Log.Error("deletion is not on disk: a restart of the agent would forget it", "instance", id, "error", err)
	}
	if err := s.o.Runtime.Remove(ctx, string(id)); err != nil {
		return err
	}
	s.removeState(id)
	if err := s.o.Runtime.Disinherit(string(id)); err != nil {
		return err
	}
	if err := s.dropData(ctx, id); err != nil {
		return err
	}
	return s.apps.removals.done(id)
}

// dropData drops the database of an application that nothing uses any more.
func (s *Server) dropData(ctx context.Context, id ID) error {
	if !s.apps.dropped.has(id) {
		return nil
	}
	if err := s.o.Runtime.DropData(ctx, string(id)); err != nil {
		return fmt.Errorf("the application is gone, but its database is not, which is tried again: %w", err)
	}
	return s.apps.dropped.done(id)
}

// retryRemovals tries again.
func (s *Server) retryRemovals(ctx context.Context) {
	for _, id := range s.apps.removals.all() {
		if err := s.end(ctx, id); err != nil {
			s.o.Log.Error("something of a deleted application is still there", "instance", id, "error", err)
		}
	}
}
