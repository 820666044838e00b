package agent

import (
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// DebugProvider is the agent as the debug API sees it: where debug applications are put. They
// are kept in memory only; the caller keeps them on disk and puts them again after a restart.
type DebugProvider struct{ *Agent }

// Debug returns the provider of debug applications.
func (a *Agent) Debug() DebugProvider { return DebugProvider{a} }

// Put wants in to be there, in place of what had the same id.
func (p DebugProvider) Put(in plan.Instance) {
	in.Kind = plan.KindDebug
	p.edit(func(all map[string]plan.Instance) { all[in.ID] = in })
}

// Inherit gives an application the secrets of another, which it replaces.
func (p DebugProvider) Inherit(from, to string) error { return p.vault.Copy(from, to) }

// Disinherit removes the secrets of an application that was deleted: nobody could name
// them any more.
func (p DebugProvider) Disinherit(id string) error { return p.vault.RemoveAll(id) }

// Ceiling is what a package may ask for at most.
func (p DebugProvider) Ceiling() manifest.Ceiling {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.desired.config.Ceiling()
}

// HostNames decides who may take which host name.
func (p DebugProvider) HostNames() hostname.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.desired.config.HostNames()
}

// Orphans are the debug applications that run although the state that knew them is lost.
// Put makes one known again; without that it can be neither named nor removed.
func (p DebugProvider) Orphans() []plan.Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []plan.Instance
	for _, o := range p.desired.orphans {
		if o.Kind == plan.KindDebug {
			list = append(list, o.Instance)
		}
	}
	return list
}

// Restored says that all debug applications from before the restart were put again. Only
// from then on is one that runs without being put torn down.
func (p DebugProvider) Restored() {
	p.edit(func(map[string]plan.Instance) { delete(p.desired.partial, plan.KindDebug) })
}

func (p DebugProvider) edit(f func(map[string]plan.Instance)) {
	p.mu.Lock()
	f(p.desired.debug)
	p.desired.version++
	p.mu.Unlock()
	p.requestResolve()
}
