package proxy

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// targets keeps every target and the counts of every instance over the changes of
// the table.
type targets struct {
	mu        sync.Mutex // guards the fields that follow
	byAddress map[proxyctl.Target]*target
	instances map[string]*routeStats
	common    *common
}

func newTargets(c *common) *targets {
	return &targets{common: c, byAddress: map[proxyctl.Target]*target{}, instances: map[string]*routeStats{}}
}

// get returns the target with this id and address.
func (p *targets) get(t proxyctl.Target) *target {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byAddress[t]
	if known == nil {
		known = newTarget(t, p.common)
		p.byAddress[t] = known
	}
	return known
}

// find returns the target with the id, nil when there is none. When a unit has moved
// to another address, the old one, which is to be drained, comes first.
func (p *targets) find(id string) (found *target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.byAddress {
		if t.ID == id && (found == nil || t.draining.Load()) {
			found = t
		}
	}
	return found
}

func (p *targets) stats(instance, name string) *routeStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.instances[instance]
	if s == nil {
		s = newRouteStats(name, p.common.log)
		p.instances[instance] = s
	}
	s.name.Store(&name)
	return s
}

func (p *targets) allStats() []*routeStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.instances))
}

func (p *targets) all() []*target {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*target, 0, len(p.byAddress))
	for _, t := range p.byAddress {
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
	for address, t := range p.byAddress {
		if named[t] {
			continue
		}
		t.draining.Store(true)
		if t.inFlight.Load() == 0 {
			t.closeIdle()
			delete(p.byAddress, address)
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
