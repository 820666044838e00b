package debug

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nexushub/nexushub/api"
)

// registryName is the state file.
const registryName = "debug-applications"

// registry holds the debug applications, on disk before anybody hears of a change.
type registry struct {
	state    State
	removals *removals // who has left
	most     int       // applications
	each     int       // of one owner

	mu    sync.Mutex // guards the fields that follow
	apps  map[ID]application
	dirty bool // times of activity that are not on disk yet
}

func openRegistry(state State, most, each int) (*registry, error) {
	removals, err := openRemovals(state)
	if err != nil {
		return nil, err
	}
	r := &registry{state: state, removals: removals, most: most, each: each, apps: map[ID]application{}}
	var saved []application
	if _, err := state.Load(registryName, &saved); err != nil {
		return nil, err
	}
	for _, a := range saved {
		r.apps[a.ID] = a
	}
	return r, removals.done(slices.Collect(maps.Keys(r.apps))...) // cut off before they left
}

// all lists the applications, oldest first.
func (r *registry) all() []application {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sorted()
}

func (r *registry) sorted() []application {
	return slices.SortedFunc(maps.Values(r.apps), func(a, b application) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

func (r *registry) get(id ID) (application, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.apps[id]
	if !ok {
		return a, fmt.Errorf("debug application %q: %w", id, api.NotFound)
	}
	return a, nil
}

// add enters a new application in place of those that replaced says. Check runs under
// the lock, so that two requests cannot both be right.
func (r *registry) add(a application, check func(others []application) (replaced []ID, err error)) ([]ID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	replaced, err := check(r.sorted())
	if err != nil {
		return nil, err
	}
	if a.Owner != "" && r.owned(a.Owner, replaced) >= r.each {
		return nil, fmt.Errorf("this token already has %d debug applications, delete one: %w", r.each, api.TooMany)
	}
	if len(r.apps)-len(replaced) >= r.most {
		return nil, fmt.Errorf("there are %d debug applications already, delete one: %w", r.most, api.TooMany)
	}
	return replaced, r.change(func(apps map[ID]application) {
		for _, id := range replaced {
			delete(apps, id)
		}
		apps[a.ID] = a
	})
}

// owned counts an owner's applications without those that go. The caller holds mu.
func (r *registry) owned(owner string, without []ID) (n int) {
	for id, a := range r.apps {
		if a.Owner == owner && !slices.Contains(without, id) {
			n++
		}
	}
	return n
}

// update changes one application.
func (r *registry) update(id ID, change func(*application)) (application, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.apps[id]
	if !ok {
		return a, fmt.Errorf("debug application %q: %w", id, api.NotFound)
	}
	change(&a)
	return a, r.change(func(apps map[ID]application) { apps[id] = a })
}

func (r *registry) remove(id ID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.apps[id]; !ok {
		return fmt.Errorf("debug application %q: %w", id, api.NotFound)
	}
	return r.change(func(apps map[ID]application) { delete(apps, id) })
}

// change takes effect in memory only when it is on disk, and so is who leaves. The
// caller holds mu.
func (r *registry) change(edit func(map[ID]application)) error {
	next := maps.Clone(r.apps)
	edit(next)
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(r.apps)), func(id ID) bool {
		_, stays := next[id]
		return stays
	})
	if err := r.removals.begin(gone...); err != nil {
		return errors.Join(err, r.removals.done(gone...))
	}
	old := r.apps
	r.apps = next
	if err := r.save(); err != nil {
		r.apps = old
		return errors.Join(err, r.removals.done(gone...))
	}
	return nil
}

func (r *registry) save() error {
	if err := r.state.Save(registryName, r.sorted()); err != nil {
		return err
	}
	r.dirty = false
	return nil
}

// active notes an activity; flush writes it. It reports whether anything is new.
func (r *registry) active(id ID, at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.apps[id]
	if !ok || !at.After(a.ActiveAt) {
		return false
	}
	a.ActiveAt = at.UTC()
	r.apps[id] = a
	r.dirty = true
	return true
}

func (r *registry) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dirty {
		return nil
	}
	return r.save()
}

// expired removes the applications that were last active before then, all of them or
// with an error those that could be.
func (r *registry) expired(then time.Time) (gone []application, err error) {
	for _, a := range r.all() {
		if a.ActiveAt.After(then) {
			continue
		}
		if e := r.removeIdle(a.ID, then); e != nil {
			err = errors.Join(err, e)
			continue
		}
		gone = append(gone, a)
	}
	return gone, err
}

// removeIdle looks again under the lock: somebody may just have asked for it.
func (r *registry) removeIdle(id ID, then time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.apps[id]; !ok || a.ActiveAt.After(then) {
		return fmt.Errorf("debug application %s became active again: %w", id, api.Conflict)
	}
	return r.change(func(apps map[ID]application) { delete(apps, id) })
}
