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

// registry holds the applications of one kind, on disk before anybody hears of a change.
type registry struct {
	kind     Kind
	state    State
	removals *removals // who has left
	dropped  *removals // of these, whose database goes, too
	hasData  func(ID) bool
	most     int // applications
	each     int // of one owner

	mu    sync.Mutex // guards the fields that follow
	apps  map[ID]application
	dirty bool // something is not on disk yet that may be lost
}

func openRegistry(kind Kind, state State, most, each int, hasData func(ID) bool) (*registry, error) {
	removals, err := openRemovals(state, kind.removals)
	if err != nil {
		return nil, err
	}
	dropped, err := openRemovals(state, kind.dropped)
	if err != nil {
		return nil, err
	}
	r := &registry{kind: kind, state: state, most: most, each: each, apps: map[ID]application{},
		removals: removals, dropped: dropped, hasData: hasData}
	var saved []application
	if _, err := state.Load(kind.registry, &saved); err != nil {
		return nil, err
	}
	for _, a := range saved {
		r.apps[a.ID] = a
	}
	there := slices.Collect(maps.Keys(r.apps))
	return r, errors.Join(removals.done(there...), dropped.done(there...)) // cut off before they left
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
		return a, r.unknown(id)
	}
	return a, nil
}

func (r *registry) unknown(id ID) error { return fmt.Errorf("%s %q: %w", r.kind, id, api.NotFound) }

// with calls f while the application is there and stays as it is.
func (r *registry) with(id ID, f func(application)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.apps[id]; ok {
		f(a)
	}
}

// enter takes the application that decide makes of the others in, in place of those that replaced
// says. Decide runs under the lock, so that two requests cannot both be right.
func (r *registry) enter(
	decide func(others []application) (a application, replaced []ID, err error),
) (a application, replaced []ID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, replaced, err = decide(r.sorted())
	if err == nil {
		err = r.room(a, replaced)
	}
	if err != nil {
		return a, nil, err
	}
	return a, replaced, r.change(func(apps map[ID]application) {
		for _, id := range replaced {
			delete(apps, id)
		}
		apps[a.ID] = a
	})
}

// room refuses one application too many. The caller holds mu.
func (r *registry) room(a application, replaced []ID) error {
	if _, there := r.apps[a.ID]; there {
		return nil
	}
	if a.Owner != "" && r.owned(a.Owner, replaced) >= r.each {
		return fmt.Errorf("this token already has %d %ss, delete one: %w", r.each, r.kind, api.TooMany)
	}
	if len(r.apps)-len(replaced) >= r.most {
		return fmt.Errorf("there are %d %ss already, delete one: %w", r.most, r.kind, api.TooMany)
	}
	return nil
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
		return a, r.unknown(id)
	}
	change(&a)
	return a, r.change(func(apps map[ID]application) { apps[id] = a })
}

func (r *registry) remove(id ID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.apps[id]; !ok {
		return r.unknown(id)
	}
	return r.change(func(apps map[ID]application) { delete(apps, id) })
}

// hand gives an application to another registry. It leaves this one without being removed. Until
// the file follows, at once if the disk lets it, the other registry is the one that counts.
func (r *registry) hand(id ID, take func(application) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.apps[id]
	if !ok {
		return r.unknown(id)
	}
	if err := take(a); err != nil {
		return err
	}
	r.leave(id)
	return nil
}

// leave lets an application of another registry go, from the file too: after it is removed there,
// it must not come back here. The caller holds mu.
func (r *registry) leave(id ID) {
	delete(r.apps, id)
	if r.save() != nil {
		r.dirty = true // flush tries again
	}
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
	if err := r.condemn(gone); err != nil {
		return err
	}
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

// condemn notes, before it is too late to ask, which of those that go have a database: what is
// temporary leaves nothing.
func (r *registry) condemn(gone []ID) error {
	if !r.kind.expires {
		return nil
	}
	return r.dropped.begin(slices.DeleteFunc(slices.Clone(gone), func(id ID) bool { return !r.hasData(id) })...)
}

func (r *registry) save() error {
	if err := r.state.Save(r.kind.registry, r.sorted()); err != nil {
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
		if a.Adopted || a.ActiveAt.After(then) {
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
	if a, ok := r.apps[id]; !ok || a.Adopted || a.ActiveAt.After(then) {
		return fmt.Errorf("%s %s became active again: %w", r.kind, id, api.Conflict)
	}
	return r.change(func(apps map[ID]application) { delete(apps, id) })
}
