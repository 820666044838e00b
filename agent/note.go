package agent

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/api"
)

// saveEvery bounds how often the state of all instances is written.
const saveEvery = 200 * time.Millisecond

// note records what the look has shown: states and since when, the last good
// revisions, and what has to go to disk. The caller holds mu.
func (a *Agent) note(situations []situation, now time.Time) {
	settled := a.want.complete
	for i := range situations {
		s := &situations[i]
		p := a.notePhase(s)
		a.noteGood(s, p)
		a.installed(s, p)
		a.noteReturn(s)
		settled = settled && (s.Kind != KindStatic || s.dealtWith(p))
	}
	if len(a.have.states) > len(situations) {
		a.forgetStates(situations)
	}
	if settled && a.life.first.IsZero() {
		a.firstReconcile(now)
	}
	a.save(now)
}

func (a *Agent) notePhase(s *situation) phase {
	p := s.phase()
	if t, busy := a.have.busy[s.ID]; busy && p.state == api.StatePending && t.Action == Start {
		p = phase{api.StateStarting, t.Reason}
	}
	old, known := a.have.states[s.ID]
	next := stateSince{phase: p, since: old.since}
	if !known || old.state != p.state {
		next.since = s.now
		a.log.Info(s.Name+" is "+string(p.state), "instance", s.ID, "app", s.Name, "state", string(p.state), "before", string(old.state), "why", p.why)
	}
	a.have.states[s.ID] = next
	return p
}

// noteGood remembers the revision to fall back to.
func (a *Agent) noteGood(s *situation, p phase) {
	m := a.have.memory(s.ID)
	if p.state != api.StateRunning || s.want == nil || s.served != s.want.Unit || s.Fallback || m.Good.is(s) {
		return
	}
	if m.Good == nil || m.Good.Revision != s.Revision {
		a.life.deployed++
		m.remember(PastRelease{Hash: s.Release.Hash, At: s.now, InstalledBy: s.installer()}, a.want.config.Releases.Keep)
	}
	m.Good = &Good{Revision: s.Revision, Spec: s.Spec, Release: s.Release, Manifest: s.Manifest}
	s.Good, a.life.unsaved = m.Good, true
}

// noteReturn sees that an operator has started again what he had stopped.
func (a *Agent) noteReturn(s *situation) {
	m := a.have.memory(s.ID)
	if m.ByHand == "" || s.want == nil || !s.want.Running() {
		return
	}
	m.Stopped, m.ByHand = "", ""
	a.log.Info(s.Name+" was started again by an operator", "instance", s.ID, "unit", s.want.Unit)
	a.remembered()
}

// remembered says that memories changed in a way that changes what is desired.
func (a *Agent) remembered() {
	a.life.unsaved, a.want.stale, a.life.asked = true, true, time.Now()
	a.poke()
}

func (a *Agent) forgetStates(situations []situation) {
	wanted := make(map[string]bool, len(situations))
	for i := range situations {
		wanted[situations[i].ID] = true
	}
	gone := func(id string) bool { return !wanted[id] && a.have.targets[id] == "" && a.have.busy[id].Instance == "" }
	maps.DeleteFunc(a.have.states, func(id string, _ stateSince) bool { return gone(id) })
	maps.DeleteFunc(a.have.watches, func(id string, _ *watch) bool { return gone(id) })
	maps.DeleteFunc(a.have.holds, func(id string, _ hold) bool { return gone(id) })
	for id := range a.have.memories {
		if gone(id) {
			a.exec.forget(id)
		}
	}
	n := len(a.have.memories)
	maps.DeleteFunc(a.have.memories, func(id string, _ *Memory) bool { return gone(id) })
	a.life.unsaved = a.life.unsaved || n != len(a.have.memories)
}

// forgetEnded forgets an instance that nobody wants and that has no unit: its environment
// file, with the secret, and what is remembered of it, which keeps its releases on disk.
func (a *Agent) forgetEnded(id string) {
	wanted := slices.ContainsFunc(a.desired(), func(d Desired) bool { return d.ID == id })
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
