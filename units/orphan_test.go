package units

import (
	"maps"
	"slices"
	"testing"
)

// TestGatesWithoutApplication: they go when the next Manager comes, and are in nobody's way
// until then; those of an application that runs stay.
func TestGatesWithoutApplication(t *testing.T) {
	p := newPeer(t)
	lives, gone := Prefix+"lives-12345678.service", Prefix+"gone-12345678.service"
	p.units[lives] = &peerUnit{active: "active", pid: 1}
	for _, app := range []string{lives, gone} {
		for _, unit := range companions(app)[1:] {
			p.units[unit] = &peerUnit{active: "active"}
		}
	}
	p.manager()
	p.mu.Lock()
	defer p.mu.Unlock()
	active := slices.DeleteFunc(slices.Sorted(maps.Keys(p.units)),
		func(name string) bool { return p.units[name].active != "active" })
	want := slices.Sorted(slices.Values(append(companions(lives)[1:], lives)))
	if !slices.Equal(active, want) {
		t.Errorf("active: %v, want %v", active, want)
	}
}

// TestGuestStartsOverItsOldGates: gates that have no application do not keep it out; those
// of one that runs are left alone.
func TestGuestStartsOverItsOldGates(t *testing.T) {
	p := newPeer(t)
	m := p.manager()
	app := Prefix + "guest-12345678.service"
	out := []unit{{Name: gate(app) + "-out.socket"}, {Name: gate(app) + "-out.service"}}
	for _, state := range []string{"active", ""} {
		p.mu.Lock()
		p.units[out[0].Name] = &peerUnit{active: "active"}
		if state != "" {
			p.units[app] = &peerUnit{active: state}
		}
		p.mu.Unlock()
		err := m.launchGates(t.Context(), app, out)
		if lives := state == "active"; (err != nil) != lives {
			t.Errorf("its application is %q: %v", state, err)
		}
		p.mu.Lock()
		delete(p.units, app)
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if u := p.units[out[0].Name]; u == nil || u.started != 1 {
		t.Errorf("the gate was not made anew: %+v", u)
	}
}
