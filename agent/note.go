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

// note records what the look has shown: states and since when, the last good
// revisions, and what has to go to disk. The caller holds mu.
func (a *Agent) note(apps []plan.AppState, now time.Time) {
	settled := a.want.complete
	for i := range apps {
		s := &apps[i]
		p := a.notePhase(s)
		a.noteGood(s, p)
		a.installed(s, p)
		a.noteReturn(s)
		settled = settled && (s.Kind != plan.KindStatic || s.Settled(p))
	}
	if len(a.have.states) > len(apps) {
		a.forgetStates(apps)
	}
	if settled && a.life.first.IsZero() {
		a.firstReconcile(now)
	}
	a.save(now)
}

func (a *Agent) notePhase(s *plan.AppState) plan.Phase {
	p := s.Phase()
	if t, busy := a.have.busy[s.ID]; busy && p.State == api.StatePending && t.Action == plan.Start {
		p = plan.Phase{State: api.StateStarting, Why: t.Reason}
	}
	old, known := a.have.states[s.ID]
	next := stateSince{Phase: p, since: old.since}
	if !known || old.State != p.State {
		next.since = s.Now
		a.log.Info(s.Name+" is "+string(p.State), "instance", s.ID, "app", s.Name, "state", string(p.State), "before", string(old.State), "why", p.Why)
	}
	a.have.states[s.ID] = next
	return p
}

// noteGood remembers the revision to fall back to.
func (a *Agent) noteGood(s *plan.AppState, p plan.Phase) {
	m := a.have.memory(s.ID)
	if p.State != api.StateRunning || s.Wanted == nil || s.Served != s.Wanted.Unit || s.Fallback || m.Good.Matches(s) {
		return
	}
	if m.Good == nil || m.Good.Revision != s.Revision {
		a.life.deployed++
		m.Remember(plan.PastRelease{Hash: s.Release.Hash, At: s.Now, InstalledBy: s.Installer()}, a.want.config.Releases.Keep)
	}
	m.Good = &plan.Good{Revision: s.Revision, Spec: s.Spec, Release: s.Release, Manifest: s.Manifest}
	s.Good, a.life.unsaved = m.Good, true
}

// noteReturn sees that an operator has started again what he had stopped.
func (a *Agent) noteReturn(s *plan.AppState) {
	m := a.have.memory(s.ID)
	if m.ByHand == "" || s.Wanted == nil || !s.Wanted.Running() {
		return
	}
	m.Stopped, m.ByHand = "", ""
	a.log.Info(s.Name+" was started again by an operator", "instance", s.ID, "unit", s.Wanted.Unit)
	a.remembered()
}

// remembered says that memories changed in a way that changes what is desired.
func (a *Agent) remembered() {
	a.life.unsaved, a.want.stale, a.life.asked = true, true, time.Now()
	a.poke()
}

func (a *Agent) forgetStates(apps []plan.AppState) {
	wanted := make(map[string]bool, len(apps))
	for i := range apps {
		wanted[apps[i].ID] = true
	}
	gone := func(id string) bool { return !wanted[id] && a.have.targets[id] == "" && a.have.busy[id].Instance == "" }
	maps.DeleteFunc(a.have.states, func(id string, _ stateSince) bool { return gone(id) })
	maps.DeleteFunc(a.have.watches, func(id string, _ *plan.FailureTracker) bool { return gone(id) })
	maps.DeleteFunc(a.have.holds, func(id string, _ hold) bool { return gone(id) })
	for id := range a.have.memories {
		if gone(id) {
			a.exec.forget(id)
		}
	}
	n := len(a.have.memories)
	maps.DeleteFunc(a.have.memories, func(id string, _ *plan.Memory) bool { return gone(id) })
	a.life.unsaved = a.life.unsaved || n != len(a.have.memories)
}

// forgetEnded forgets an instance that nobody wants and that has no unit: its environment
// file, with the secret, and what is remembered of it, which keeps its releases on disk.
func (a *Agent) forgetEnded(id string) {
	wanted := slices.ContainsFunc(a.desired(), func(d plan.Desired) bool { return d.ID == id })
	if wanted || len(a.have.byInstance[id]) > 0 || a.have.busy[id].Instance != "" {
		return
	}
	a.exec.forget(id)
	if _, known := a.have.memories[id]; known && a.want.heard() {
		delete(a.have.memories, id)
		a.life.unsaved = true
	}
}

func (a *Agent) firstReconcile(now time.Time) {
	a.life.first = now
	for _, id := range a.exec.environments() { // the last agent may have been killed before it did
		a.forgetEnded(id)
	}
	a.log.Info("first reconcile complete: the static applications are dealt with", "took", now.Sub(a.started), "applications", len(a.want.desired))
	close(a.ready)
}

// save writes what changed, not too often.
func (a *Agent) save(now time.Time) {
	p := a.ports.Snapshot()
	if p.Next != a.life.ports.Next || !maps.Equal(p.Leases, a.life.ports.Leases) {
		a.life.unsaved = true
	}
	if !a.life.unsaved || now.Sub(a.life.saved) < saveEvery {
		return
	}
	a.life.unsaved, a.life.saved, a.life.ports = false, now, p
	a.saver.save(portsFile, p)
	a.saveMemories()
}

// saveMemories gives the saver a copy.
func (a *Agent) saveMemories() {
	raw, err := json.Marshal(a.have.memories)
	if err != nil {
		a.log.Error("state cannot be encoded", "error", err)
		return
	}
	a.saver.save(instancesFile, json.RawMessage(raw))
}
