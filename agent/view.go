package agent

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Apps returns every application as it is now.
func (a *Agent) Apps() []api.App {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	current := a.observed.current(a.desired.partial, now)
	apps := current.AppStates(a.desiredApps(), now)
	apps = append(apps, current.Unlisted(a.desiredApps(), now)...)
	list := make([]api.App, len(apps))
	for i := range apps {
		list[i] = a.view(&apps[i])
	}
	return list
}

// App finds one application by instance id, slug, host name or app id.
func (a *Agent) App(nameOrID string) (api.App, error) {
	a.mu.Lock()
	v, err := a.app(nameOrID)
	facts := a.facts(v.ID)
	a.mu.Unlock()
	v.Hints = a.told.of(v.ID, facts)
	return v, err
}

// app is App. The caller holds mu.
func (a *Agent) app(nameOrID string) (api.App, error) {
	d, err := a.find(nameOrID)
	if err != nil {
		if v, ok := a.unlistedByExactName(nameOrID); ok {
			return v, nil
		}
		return api.App{}, err
	}
	s := a.observed.state(d, time.Now())
	return a.view(&s), nil
}

// find looks an application up by the most exact name first. The caller holds mu.
func (a *Agent) find(name string) (*plan.Desired, error) {
	desired := a.desiredApps()
	if found, err := byMostExactName(name, desired); found != nil || err != nil {
		return found, err
	}
	if near := meant(name, desired); near != "" {
		return nil, fmt.Errorf("application %q, did you mean %s: %w", name, near, api.NotFound)
	}
	return nil, fmt.Errorf("application %q: %w", name, api.NotFound)
}

// Owner says which instance a unit belongs to.
func (a *Agent) Owner(unit string) (instance string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.observed.unit(unit); u != nil {
		return u.Instance, true
	}
	instance, ok = a.observed.past.owners[unit]
	return instance, ok
}

// UnitsOf names the units of an instance, also those that are gone.
func (a *Agent) UnitsOf(instance string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := a.observed.past.unitsOf(instance)
	for u := range a.observed.loaded() {
		if u.Instance == instance && !slices.Contains(names, u.Unit) {
			names = append(names, u.Unit)
		}
	}
	return names
}

// refreshLimit bounds how long an answer waits for fresh figures.
const refreshLimit = 3 * time.Second

// Refresh reads all units again, for a view whose figures are to be fresh. It gives up
// after 3 s: the view is worth an answer without them.
func (a *Agent) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	list, err := a.units.List(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range list {
		if u := a.observed.unit(s.Unit); u != nil && u.Invocation == s.Invocation {
			u.Memory, u.CPUNSec, u.Tasks = s.Memory, s.CPUNSec, s.Tasks
		}
	}
	return nil
}

// view shows one instance. The caller holds mu.
func (a *Agent) view(s *plan.AppState) api.App {
	i := a.observed.known(s.ID)
	st := i.state
	if st.State == "" {
		p := s.Phase()
		st = stateSince{Phase: p, since: a.began(s, p.State)}
	}
	v := api.App{
		ID: s.ID, Name: s.Name, AppID: s.AppID, DisplayName: s.DisplayName, HostName: s.HostName,
		Hosts: a.hosts(s), URL: a.url(s.AllHosts()[0]), Kind: s.Kind, Roles: s.Roles(),
		State: st.State, Since: st.since, Why: st.Why, Access: a.access(s),
		Attempt: s.Trouble.Attempt, LastExit: lastExit(s),
		Release: s.Release.Hash, Revision: s.Revision, Health: chosenCheck(s),
	}
	if s.Trouble.Waiting(s.Now) {
		v.NextTry = &s.Trouble.NextTry
	}
	if !s.ExpiresAt.IsZero() {
		v.ExpiresAt = &s.ExpiresAt
	}
	if by := a.effectiveAccess(s.Desired); by.Value == v.Access { // else another release is still to take over
		v.AccessFrom = by.From
	}
	v.Bypassable = v.Access == manifest.AccessPrivate && s.Manifest.IsBypassable()
	v.Recognised = s.Release.Recognised.Short()
	v.Settings, v.Withheld = s.Settings.Changes(plan.Settings{}), withheld(s.Desired)
	v.Exposure, v.Database = a.exposureOf(s), s.Spec.Database
	if s.ServedByFiles() {
		v.Release, v.Revision = s.Good.Release.Hash, ""
		v.Health = api.Health{Status: api.HealthUnknown, Type: s.Good.Manifest.Health.Type}
	} else if u := s.Shown(); u != nil {
		viewUnit(&v, u)
	}
	viewSums(&v, s, i.memory)
	viewProcesses(&v, s, i.memory)
	viewFault(&v, s, &i)
	return v
}

// viewSums adds up what the replicas of the revision that is shown use, and how often they were
// started again.
func viewSums(v *api.App, s *plan.AppState, m *plan.Memory) {
	v.Memory, v.CPUNSec, v.Tasks = 0, 0, 0
	for _, u := range s.ShownUnits() {
		v.Memory, v.CPUNSec, v.Tasks = v.Memory+u.Memory, v.CPUNSec+u.CPUNSec, v.Tasks+u.Tasks
	}
	if m == nil {
		return
	}
	restarts, counted := 0, false
	for _, unit := range s.ShownNames() {
		r, there := m.Restarts[unit]
		restarts, counted = restarts+r.Count, counted || there
	}
	if counted {
		v.Restarts = restarts
	}
}

// lastExit is how the replica that is in the most trouble failed last.
func lastExit(s *plan.AppState) string {
	if s.Trouble.LastExit == "" {
		return ""
	}
	return s.Of(s.Worst().Replica) + s.Trouble.LastExit
}

// access is who may send requests, as the route has it.
func (a *Agent) access(s *plan.AppState) string {
	access := s.Access()
	if access == manifest.AccessOpen && !a.desired.config.Policy.Open {
		return manifest.AccessAreas
	}
	return access
}

// viewFault says what is wrong, and how the run that failed last ended: each is a sentence, with the
// last lines of that run below it.
func viewFault(v *api.App, s *plan.AppState, i *instanceState) {
	fault, said := i.state.Fault, words{}
	if worst := s.Worst(); worst != nil {
		said = i.words[worst.Unit]
	}
	if h, held := i.held(s.Now); held {
		v.Why, fault = strings.TrimPrefix(v.Why+"; "+h.why, "; "), true
	}
	troubled := s.Trouble.Attempt > 0 && s.Problem == ""
	switch m := i.memory; {
	case s.Fallback && m != nil && m.Rejected != nil:
		v.Why = fmt.Sprintf("revision %s was given up: %s", plan.ShortHash(m.Rejected.Revision), m.Rejected.Why)
		v.Error, v.LastExit = quoted(v.Why, m.Rejected.Lines), quoted(m.Rejected.Why, m.Rejected.Lines)
		return
	case s.Problem != "" && m != nil && m.Rejected != nil && m.Rejected.Command:
		v.Error, v.LastExit = quoted(v.Why, m.Rejected.Lines), quoted(m.Rejected.Why, m.Rejected.Lines)
		return
	case troubled && v.State == api.StateStarting: // once more
		v.Error = quoted(v.LastExit, said.lines)
	case fault && troubled:
		v.Error = quoted(v.Why, said.lines)
	case fault:
		v.Error = v.Why
	}
	if troubled || v.LastExit == said.why {
		v.LastExit = quoted(v.LastExit, said.lines)
	}
}

// chosenCheck is how its health is to be found out.
func chosenCheck(s *plan.AppState) api.Health {
	h := api.Health{Status: api.HealthUnknown, Type: s.Manifest.Health.Type}
	if h.Type == "http" && s.Runs() {
		h.Path = s.Manifest.Health.Path
	}
	return h
}

func viewUnit(v *api.App, u *plan.Unit) {
	v.Unit, v.PID, v.Port, v.Restarts = u.Unit, u.MainPID, u.Port, u.NRestarts
	v.Release, v.Revision, v.OldSandbox = u.Release, u.Revision, u.OldSandbox()
	v.Memory, v.CPUNSec, v.Tasks, v.DropIns = u.Memory, u.CPUNSec, u.Tasks, u.DropIns
	if v.LastExit == "" && !u.LastExit.IsZero() {
		v.LastExit = u.LastExit.String()
	}
	if !u.Probed {
		if u.Healthy() {
			v.Health.Status = api.Healthy
		}
		return
	}
	h := u.Health
	if h.Path != "" {
		v.Health.Type, v.Health.Path, v.Health.Found = "http", h.Path, true
	}
	v.Health.Status, v.Health.LastStatusCode, v.Health.Latency = string(h.State), h.Code, h.Latency
	v.Health.Body, v.Health.Error = h.Body, h.Problem
	if !h.CheckedAt.IsZero() {
		v.Health.CheckedAt = &h.CheckedAt
	}
}

func (a *Agent) url(h hostname.Host) string {
	host := h.Name
	if p := a.desired.urlPort; p != 0 && p != 443 {
		host += ":" + strconv.Itoa(p)
	}
	return "https://" + host + h.Prefix + "/"
}

// unlistedByExactName finds one by instance id, name or host name. The caller holds mu.
func (a *Agent) unlistedByExactName(name string) (api.App, bool) {
	now := time.Now()
	list := a.observed.current(a.desired.partial, now).Unlisted(a.desiredApps(), now)
	for i := range list {
		if s := &list[i]; name == s.ID || name == s.Name || s.Named(hostname.ASCII(name)) {
			return a.view(s), true
		}
	}
	return api.App{}, false
}
