package agent

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// saveEvery bounds how often the state of all instances is written.
const saveEvery = 200 * time.Millisecond

// record records what the pass has shown: states and since when, the last good
// revisions, and what has to go to disk. The caller holds mu.
func (a *Agent) record(apps []plan.AppState, now time.Time) {
	settled := a.desired.complete
	for i := range apps {
		s := &apps[i]
		p := a.recordPhase(s)
		a.recordGood(s, p)
		a.installed(s, p)
		a.recordManualStart(s)
		settled = settled && (s.Kind != plan.KindStatic || s.Settled(p))
	}
	if len(a.observed.states) > len(apps) {
		a.forgetStates(apps)
	}
	if settled && a.loop.first.IsZero() {
		a.firstReconcile(now)
	}
	a.save(now)
}

func (a *Agent) recordPhase(s *plan.AppState) plan.Phase {
	p := s.Phase()
	if t, busy := a.observed.busy[s.ID]; busy && p.State == api.StatePending && t.Action == plan.Start {
		p = plan.Phase{State: api.StateStarting, Why: t.Reason}
	}
	old, known := a.observed.states[s.ID]
	next := stateSince{Phase: p, since: old.since}
	if !known || old.State != p.State {
		next.since = s.Now
		a.log.Info(s.Name+" is "+string(p.State), "instance", s.ID, "app", s.Name, "state", string(p.State), "before", string(old.State), "why", p.Why)
	}
	a.observed.states[s.ID] = next
	return p
}

// recordGood remembers the revision to fall back to.
func (a *Agent) recordGood(s *plan.AppState, p plan.Phase) {
	m := a.observed.memory(s.ID)
	if p.State != api.StateRunning || s.Wanted == nil || s.Served != s.Wanted.Unit || s.Fallback || m.Good.Matches(s) {
		return
	}
	if m.Good == nil || m.Good.Revision != s.Revision {
		a.loop.deployed++
		m.Remember(plan.PastRelease{Hash: s.Release.Hash, At: s.Now, InstalledBy: s.Installer()}, a.desired.config.Releases.Keep)
	}
	m.Good = &plan.Good{Revision: s.Revision, Spec: s.Spec, Release: s.Release, Manifest: s.Manifest}
	s.Good, a.loop.unsaved = m.Good, true
}

// recordManualStart sees that an operator has started again what he had stopped.
func (a *Agent) recordManualStart(s *plan.AppState) {
	m := a.observed.memory(s.ID)
	if m.ByHand == "" || s.Wanted == nil || !s.Wanted.Running() {
		return
	}
	m.Stopped, m.ByHand = "", ""
	a.log.Info(s.Name+" was started again by an operator", "instance", s.ID, "unit", s.Wanted.Unit)
	a.memoriesChanged()
}

// memoriesChanged says that memories changed in a way that changes what is desired.
func (a *Agent) memoriesChanged() {
	a.loop.unsaved, a.desired.stale, a.loop.requestedAt = true, true, time.Now()
	a.requestReconcile()
}

func (a *Agent) forgetStates(apps []plan.AppState) {
	wanted := make(map[string]bool, len(apps))
	for i := range apps {
		wanted[apps[i].ID] = true
	}
	gone := func(id string) bool {
		return !wanted[id] && a.observed.targets[id] == "" && a.observed.busy[id].Instance == ""
	}
	maps.DeleteFunc(a.observed.states, func(id string, _ stateSince) bool { return gone(id) })
	maps.DeleteFunc(a.observed.watches, func(id string, _ *plan.FailureTracker) bool { return gone(id) })
	maps.DeleteFunc(a.observed.holds, func(id string, _ hold) bool { return gone(id) })
	for id := range a.observed.memories {
		if gone(id) {
			a.exec.forget(id)
		}
	}
	n := len(a.observed.memories)
	maps.DeleteFunc(a.observed.memories, func(id string, _ *plan.Memory) bool { return gone(id) })
	a.loop.unsaved = a.loop.unsaved || n != len(a.observed.memories)
}

// forgetEnded forgets an instance that nobody wants and that has no unit: its environment
// file, with the secret, and what is remembered of it, which keeps its releases on disk.
func (a *Agent) forgetEnded(id string) {
	wanted := slices.ContainsFunc(a.desiredApps(), func(d plan.Desired) bool { return d.ID == id })
	if wanted || len(a.observed.byInstance[id]) > 0 || a.observed.busy[id].Instance != "" {
		return
	}
	a.exec.forget(id)
	if _, known := a.observed.memories[id]; known && a.desired.adminComplete() {
		delete(a.observed.memories, id)
		a.loop.unsaved = true
	}
}

func (a *Agent) firstReconcile(now time.Time) {
	a.loop.first = now
	for _, id := range a.exec.environments() { // the last agent may have been killed before it did
		a.forgetEnded(id)
	}
	a.log.Info("first reconcile complete: the static applications are dealt with", "took", now.Sub(a.started), "applications", len(a.desired.desired))
	close(a.ready)
}

// save writes what changed, not too often.
func (a *Agent) save(now time.Time) {
	p := a.ports.Snapshot()
	if p.Next != a.loop.ports.Next || !maps.Equal(p.Leases, a.loop.ports.Leases) {
		a.loop.unsaved = true
	}
	if !a.loop.unsaved || now.Sub(a.loop.saved) < saveEvery {
		return
	}
	a.loop.unsaved, a.loop.saved, a.loop.ports = false, now, p
	a.saver.save(portsFile, p)
	a.saveMemories()
}

// saveMemories gives the saver a copy.
func (a *Agent) saveMemories() {
	raw, err := json.Marshal(a.observed.memories)
	if err != nil {
		a.log.Error("state cannot be encoded", "error", err)
		return
	}
	a.saver.save(instancesFile, json.RawMessage(raw))
}
