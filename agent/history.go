package agent

import (
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// AppReleases lists what an application runs, ran and could run again, newest first.
func (a *Agent) AppReleases(nameOrID string) ([]api.Release, error) {
	a.mu.Lock()
	d, err := a.find(nameOrID)
	if err != nil {
		a.mu.Unlock()
		return nil, err
	}
	m := a.observed.memory(d.ID)
	past := append([]plan.PastRelease(nil), m.History...)
	wanted := plan.PastRelease{Hash: d.Release.Hash, Settings: m.Settings.Edition()}
	a.mu.Unlock()
	list := make([]api.Release, 0, len(past))
	for i, p := range past {
		r := api.Release{ID: p.Hash, Edition: p.ID(), Settings: p.Settings.Changes(plan.Settings{}),
			InstalledAt: &p.At, InstalledBy: string(plan.InstallerOf(d.Kind, p.InstalledBy)), Current: p.Is(wanted)}
		if i+1 < len(past) {
			r.Changed = p.Changes(past[i+1])
		}
		if rel, err := a.releases.Get(p.Hash); err == nil {
			r.Size, r.Deployable = rel.Size, true
		}
		list = append(list, r)
	}
	return list, nil
}

// ReleasesInUse names every release that must be kept: what should run, what does, and
// what can be rolled back to. Until all providers have given their lists it is incomplete, and
// says so.
func (a *Agent) ReleasesInUse() (hashes map[string]bool, complete bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hashes = map[string]bool{}
	for _, r := range a.desired.resolved {
		hashes[r.release.Hash], hashes[r.Release] = true, true
	}
	for u := range a.observed.loaded() {
		hashes[u.Release] = true
	}
	if a.desired.config.Admin.Enabled { // else no dynamic application will ever ask for them
		for _, in := range a.desired.installed {
			hashes[in.Release] = true
		}
	}
	for _, m := range a.observed.memories() {
		for _, p := range m.History {
			hashes[p.Hash] = true
		}
		if m.Good != nil {
			hashes[m.Good.Release.Hash], hashes[m.Good.Spec.Release] = true, true
		}
	}
	partial := a.desired.partial
	complete = a.desired.complete && !partial[plan.KindDeployed] && !partial[plan.KindDebug] && !partial[plan.KindStatic]
	return hashes, complete
}
