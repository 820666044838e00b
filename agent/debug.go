package agent

import (
	"maps"
	"slices"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/internal/manifest"
)

// DebugProvider is where debug applications are put. It is in memory only; whoever
// puts them keeps them on disk and puts them again after a restart.
type DebugProvider struct{ agent *Agent }

// Debug returns the provider of debug applications.
func (a *Agent) Debug() DebugProvider { return DebugProvider{a} }

// Put wants in to be there, in place of what had the same id.
func (p DebugProvider) Put(in plan.Instance) {
	in.Kind = plan.KindDebug
	p.edit(func(all map[string]plan.Instance) { all[in.ID] = in })
}

// Remove wants the debug application with this id to be gone. No other application can
// be removed here.
func (p DebugProvider) Remove(id string) {
	p.edit(func(all map[string]plan.Instance) {
		delete(all, id)
		w := &p.agent.want
		w.orphans = slices.DeleteFunc(w.orphans, func(o resolved) bool { return o.ID == id && o.Kind == plan.KindDebug })
	})
}

// Inherit gives an application the secrets of another, which it replaces.
func (p DebugProvider) Inherit(from, to string) error { return p.agent.vault.Copy(from, to) }

// Disinherit removes the secrets of an application that is gone: nobody can name them
// any more.
func (p DebugProvider) Disinherit(id string) error { return p.agent.vault.RemoveAll(id) }

// Ceiling is what a package may ask for at most.
func (p DebugProvider) Ceiling() manifest.Ceiling {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	return p.agent.want.config.Ceiling()
}

// List returns the debug applications that were put.
func (p DebugProvider) List() []plan.Instance {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	return slices.Collect(maps.Values(p.agent.want.debug))
}

// Orphans are the debug applications that run although the state that knew them is lost.
// Put takes one over; without that it can be neither named nor removed.
func (p DebugProvider) Orphans() []plan.Instance {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	var list []plan.Instance
	for _, o := range p.agent.want.orphans {
		if o.Kind == plan.KindDebug {
			list = append(list, o.Instance)
		}
	}
	return list
}

// Restored says that all debug applications of the time before were put again; only
// from then on is one that runs and is not in the list one to be removed.
func (p DebugProvider) Restored() {
	p.edit(func(map[string]plan.Instance) { delete(p.agent.want.partial, plan.KindDebug) })
}

func (p DebugProvider) edit(f func(map[string]plan.Instance)) {
	a := p.agent
	a.mu.Lock()
	f(a.want.debug)
	a.want.version++
	a.mu.Unlock()
	a.look()
}
