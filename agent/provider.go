package agent

import (
	"cmp"
	"maps"
	"slices"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Provider is the agent as one registry of applications sees it (package debug): where those of
// its kind are put. They are kept in memory only; the caller keeps them on disk and puts them
// again after a restart.
type Provider struct {
	*Agent
	kind string
}

// Debug returns the provider of debug applications.
func (a *Agent) Debug() Provider { return Provider{a, plan.KindDebug} }

// Deployed returns the provider of permanent ones.
func (a *Agent) Deployed() Provider { return Provider{a, plan.KindDeployed} }

// Put wants in to be there, in place of what had the same id: an application that changes its
// kind is one of both at no moment.
func (p Provider) Put(in plan.Instance) {
	in.Kind = p.kind
	p.edit(func(all map[string]plan.Instance) { all[in.ID] = in })
}

// Inherit gives an application the secrets and settings of another, which it replaces. It need not
// have been put yet.
func (p Provider) Inherit(from, to string) error {
	if err := p.vault.Copy(from, to); err != nil {
		return err
	}
	p.inheritSettings(from, to)
	return nil
}

// Disinherit removes the secrets of an application that was deleted, and settings that it never
// came to use: nobody could name them any more.
func (p Provider) Disinherit(id string) error {
	p.forgetAwaited(id)
	return p.vault.RemoveAll(id)
}

// Ceiling is what a package may ask for at most.
func (p Provider) Ceiling() manifest.Ceiling {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.desired.config.Ceiling()
}

// HostNames decides who may take which host name.
func (p Provider) HostNames() hostname.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.desired.config.HostNames()
}

// Orphans are the applications of this kind that run and that nobody has put. Put makes one known
// again; without that it can be neither named nor removed.
func (p Provider) Orphans() []plan.Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []plan.Instance
	for _, o := range p.desired.orphans {
		if _, put := p.desired.put[o.ID]; o.Kind == p.kind && !put {
			list = append(list, o.Instance)
		}
	}
	return list
}

// Restored says that all applications of this kind from before the restart were put again. Only
// from then on is one that runs without being put torn down, if it is no orphan.
func (p Provider) Restored() {
	p.edit(func(all map[string]plan.Instance) {
		w := &p.desired
		delete(w.partial, p.kind)
		w.orphans = slices.DeleteFunc(w.orphans, func(o resolved) bool { _, put := all[o.ID]; return put })
	})
}

func (p Provider) edit(f func(map[string]plan.Instance)) {
	p.mu.Lock()
	f(p.desired.put)
	p.desired.version++
	p.mu.Unlock()
	p.requestResolve()
}

// of are those that were put of one kind, in the order of their host names.
func (c *catalogue) of(kind string) []plan.Instance {
	list := slices.DeleteFunc(slices.Collect(maps.Values(c.put)), func(in plan.Instance) bool { return in.Kind != kind })
	slices.SortFunc(list, func(x, y plan.Instance) int { return cmp.Compare(x.HostName, y.HostName) })
	return list
}
