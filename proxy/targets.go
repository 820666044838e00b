package proxy

import (
	"sync"
	"time"
)

// targets keeps every target and the counts of every instance over the changes of
// the table.
type targets struct {
	mu        sync.Mutex // guards the fields that follow
	byID      map[string]*target
	instances map[string]*routeStats
}

func newTargets() *targets {
	return &targets{byID: map[string]*target{}, instances: map[string]*routeStats{}}
}

// get returns the target with this id and address. A target that is named by a
// table again is no longer draining.
func (p *targets) get(t Target) *target {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[t.ID]
	if known == nil || known.Target != t {
		known = newTarget(t)
		p.byID[t.ID] = known
	}
	return known
}

// find returns nil when nothing is known under the id.
func (p *targets) find(id string) *target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

func (p *targets) stats(instance, name string) *routeStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.instances[instance]
	if s == nil {
		s = newRouteStats(name)
		p.instances[instance] = s
	}
	s.name.Store(&name)
	return s
}

func (p *targets) all() []*target {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*target, 0, len(p.byID))
	for _, t := range p.byID {
		list = append(list, t)
	}
	return list
}

// revive lets the targets that a coming snapshot names take requests again.
func (p *targets) revive(s *snapshot) {
	for t := range s.targets() {
		t.draining.Store(false)
	}
}

// retire ends the targets that the snapshot in force does not name: no new requests,
// and forgotten once nothing is in flight there.
func (p *targets) retire(s *snapshot) {
	named := s.targets()
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, t := range p.byID {
		if named[t] {
			continue
		}
		t.draining.Store(true)
		if t.inFlight.Load() == 0 {
			t.closeIdle()
			delete(p.byID, id)
		}
	}
	for id := range p.instances {
		if s.instances[id] == nil {
			delete(p.instances, id)
		}
	}
}

func (p *targets) prune(now time.Time) {
	for _, t := range p.all() {
		t.prune(now)
	}
}
