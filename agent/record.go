package agent

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
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
		if isGood(s, p) {
			a.recordGood(s)
			a.installed(s)
		}
		a.recordManualStart(s)
		settled = settled && (s.Kind != plan.KindStatic || s.Settled(p))
	}
	if a.observed.recorded() > len(apps) && !a.desired.partial[plan.KindStatic] {
		a.forgetUnlisted(apps)
	}
	if a.loop.jobsStale {
		a.loop.jobsStale = false
		a.wantJobs(apps, now)
	}
	if settled && a.loop.first.IsZero() {
		a.firstReconcile(now)
	}
	a.save(now)
}

func (a *Agent) recordPhase(s *plan.AppState) plan.Phase {
	p := s.Phase()
	i := a.observed.instance(s.ID)
	if t := i.starting(s); t != nil && p.State == api.StatePending {
		p = plan.Phase{State: api.StateStarting, Why: t.Reason}
	}
	old := i.state
	next := stateSince{Phase: p, since: old.since}
	if old.State != p.State {
		next.since = a.began(s, p.State)
		a.log.Info("application changed its state", "instance", s.ID, "app", s.Name, "state", string(p.State),
			"before", string(old.State), "why", p.Why)
	}
	i.state = next
	a.changes.Put(api.StateEvent{
		Time: next.since, Instance: s.ID, Name: s.Name, Kind: s.Kind, State: p.State, Why: p.Why,
	}, caller.Granted(api.App{AppID: s.AppID, Name: s.Name}))
	a.keepStanding(s, next)
	return p
}

// began is when an instance came into the state that it is seen in now. What this agent sees for the
// first time may be older than the agent: its predecessor has left that on disk, or PID 1 tells.
func (a *Agent) began(s *plan.AppState, state api.State) time.Time {
	i, shown := a.observed.known(s.ID), s.Shown()
	switch {
	case i.watched:
		return s.Now
	case i.memory != nil && i.memory.Standing.Is(state, s.Run()):
		return i.memory.Standing.Since
	case state == api.StateRunning && shown != nil && shown.Adopted:
		return shown.ActiveAt
	}
	return s.Now
}

// keepStanding remembers state and beginning for the next agent. An agent that has just started and
// does not know yet how an instance stands keeps what it was told.
func (a *Agent) keepStanding(s *plan.AppState, now stateSince) {
	i, m := a.observed.instance(s.ID), a.observed.memory(s.ID)
	m.Awaited = false
	standing := plan.Standing{State: now.State, Since: now.since.Round(0), Run: s.Run()}
	passing := now.State == api.StateUnknown || now.State == api.StateStarting || now.State == api.StatePending
	if i.watched = i.watched || !passing || m.Standing.Is(now.State, s.Run()); i.watched && m.Standing != standing {
		m.Standing, a.loop.unsaved = standing, true
	}
}

// isGood says whether what is wanted serves, all of it and nothing else.
func isGood(s *plan.AppState, p plan.Phase) bool {
	switch {
	case p.State != api.StateRunning || s.Fallback || s.Problem != "" || s.Adopted:
		return false
	case s.Runs():
		return s.Complete()
	}
	return s.Release.Hash != "" && len(s.Served) == 0
}

// recordGood remembers what to go back to: the edition, and the revision to fall back to.
func (a *Agent) recordGood(s *plan.AppState) {
	m := a.observed.memory(s.ID)
	a.remember(s, m)
	if m.Good.Matches(s) {
		return
	}
	if !m.Good.Is(s) {
		a.loop.deployed++
	}
	m.Good = s.AsGood()
	if len(s.Spec.Before) > 0 && !m.HasReleased(s.Spec) { // it runs: the command did, if that was forgotten
		m.Release(s.Spec.BeforeKey())
	}
	s.Good, a.loop.unsaved, a.loop.jobsStale = m.Good, true, true
}

// remember puts the edition that serves at the head of the history.
func (a *Agent) remember(s *plan.AppState, m *plan.Memory) {
	now := plan.PastRelease{
		Hash: s.Release.Hash, At: s.Now, Settings: s.Settings.Edition(), InstalledBy: s.Instance.Installer(),
	}
	if now.Hash == "" || len(m.History) > 0 && m.History[0].Is(now) && m.History[0].InstalledBy == now.InstalledBy &&
		maps.Equal(m.History[0].Settings.SetBy, now.Settings.SetBy) {
		return
	}
	m.Remember(now, a.desired.config.Releases.Keep)
	a.loop.unsaved = true
}

// recordManualStart sees that an operator has started again what he had stopped.
func (a *Agent) recordManualStart(s *plan.AppState) {
	m := a.observed.memory(s.ID)
	if m.ByHand == "" {
		return
	}
	for i := range s.States {
		u := s.States[i].Seen
		if u == nil || !u.Running() || m.Stopped == "" && !s.States[i].Left {
			continue
		}
		m.Stopped, m.Left = "", without(m.Left, u.Unit)
		if len(m.Left) == 0 {
			m.ByHand = ""
		}
		a.log.Info("started again by an operator", "instance", s.ID, "app", s.Name, "unit", u.Unit)
		a.memoriesChanged()
		return
	}
}

// wantJobs tells who keeps the jobs which there should be.
func (a *Agent) wantJobs(apps []plan.AppState, now time.Time) {
	wanted := make(map[string]plan.Jobs, len(apps))
	for i := range apps {
		wanted[apps[i].ID] = a.jobsFor(apps[i].Desired)
	}
	if !a.jobs.want(wanted, a.desired.partial) {
		return
	}
	for id, jobs := range wanted {
		for _, o := range jobs.List {
			a.observed.past.add(o.UnitName(), id, now)
		}
	}
}

// memoriesChanged says that memories changed in a way that changes what is desired.
func (a *Agent) memoriesChanged() {
	a.loop.unsaved, a.desired.stale, a.loop.requestedAt = true, true, time.Now()
	a.requestReconcile()
}

// forgetUnlisted forgets the instances that no provider lists any more, as soon as the
// table leads nowhere in them. Their units are kept until they are gone.
func (a *Agent) forgetUnlisted(apps []plan.AppState) {
	listed := make(map[string]bool, len(apps))
	for i := range apps {
		listed[apps[i].ID] = true
	}
	for id, i := range a.observed.instances {
		if listed[id] || len(i.target) > 0 || len(i.tasks) > 0 {
			continue
		}
		if i.memory != nil {
			if i.memory.Awaited {
				continue
			}
			a.exec.forget(id)
			a.loop.unsaved = true
		}
		a.changes.Remove(id, time.Now())
		if *i = (instanceState{units: i.units, served: i.served}); len(i.units) == 0 {
			delete(a.observed.instances, id)
		}
	}
}

// forgetEnded forgets an instance that nobody wants and that has no unit: its environment
// file, with the secret, and what is remembered of it, which keeps its releases on disk.
func (a *Agent) forgetEnded(id string) {
	wanted := a.desiredOf(id) != nil
	i := a.observed.known(id)
	if wanted || len(i.units) > 0 || len(i.tasks) > 0 {
		return
	}
	a.exec.forget(id)
	a.changes.Remove(id, time.Now())
	if i.memory == nil || a.desired.adminComplete() && !a.desired.partial[plan.KindStatic] {
		a.loop.unsaved = a.loop.unsaved || i.memory != nil
		delete(a.observed.instances, id)
	}
}

func (a *Agent) firstReconcile(now time.Time) {
	a.loop.first = now
	for _, id := range a.exec.environments() { // the last agent may have been killed before it did
		a.forgetEnded(id)
	}
	a.log.Info("first reconcile complete", "took", now.Sub(a.started), "applications", len(a.desired.apps))
	close(a.ready)
}

// save writes what changed, not too often.
func (a *Agent) save(now time.Time) {
	p := a.ports.Snapshot()
	if a.observed.past.unsaved || p.Next != a.loop.ports.Next || !maps.Equal(p.Leases, a.loop.ports.Leases) {
		a.loop.unsaved = true
	}
	if !a.loop.unsaved || now.Sub(a.loop.saved) < saveEvery {
		return
	}
	a.loop.unsaved, a.loop.saved, a.loop.ports = false, now, p
	a.saver.save(portsFile, p)
	if a.observed.past.unsaved {
		a.observed.past.unsaved = false
		a.saver.save(unitsFile, a.observed.past.copy())
	}
	a.saveMemories()
}

// saveMemories gives the saver a copy.
func (a *Agent) saveMemories() {
	raw, err := json.Marshal(a.observed.memories())
	if err != nil {
		a.log.Error("cannot encode the state", "error", err)
		return
	}
	a.saver.save(instancesFile, json.RawMessage(raw))
}
