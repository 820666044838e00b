package plan

import (
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/fact"
)

// lead routes the requests to the replicas of web that can take them. What serves is replaced
// only by a revision of which all is healthy.
func (s *AppState) lead() []Task {
	if (s.servedByOthers() || s.ServedByFiles()) && !s.healthy() {
		return nil
	}
	ready := s.ready()
	if len(ready) == 0 || equalSets(ready, s.Served) {
		return nil
	}
	return []Task{s.routeTo(ready, s.leadReason(ready))}
}

// ready are the replicas of web that can take requests. One that takes them goes on until its health is
// known. Where all that take them are ill, most likely something else is: all that run take them, so
// that the last one to fall ill does not get what was for all.
func (s *AppState) ready() (list []string) {
	var running []string
	for i := range s.States {
		r := &s.States[i]
		if !r.IsWeb() || r.Seen == nil || !r.Seen.Running() {
			continue
		}
		running = append(running, r.Unit)
		if r.healthy() || r.undecided() && slices.Contains(s.Served, r.Unit) {
			list = append(list, r.Unit)
		}
	}
	isOther := func(unit string) bool { return s.state(unit) == nil }
	if len(list) == 0 && len(s.Served) > 0 && !slices.ContainsFunc(s.Served, isOther) {
		return running
	}
	return list
}

// undecided says whether it was not asked often enough since the agent started.
func (r *ReplicaState) undecided() bool {
	return r.Seen.Probed && r.Seen.Health.State == fact.Unknown && r.Seen.Health.Failures < r.Health.Failures
}

// servedByOthers says whether another revision answers the requests.
func (s *AppState) servedByOthers() bool {
	u := s.ServedUnit()
	return u != nil && u.Running() && !s.isWanted(u)
}

func (s *AppState) routeTo(targets []string, reason string) Task {
	t := s.Task(Route, targets[0], reason)
	t.Targets = targets
	return t
}

// leadReason says what has become of those that get requests.
func (s *AppState) leadReason(ready []string) string {
	var gone, come []string
	for _, name := range s.Served {
		if !slices.Contains(ready, name) {
			gone = append(gone, name)
		}
	}
	for _, name := range ready {
		if !slices.Contains(s.Served, name) {
			come = append(come, s.state(name).Name())
		}
	}
	switch u := s.ServedUnit(); {
	case len(s.States) == 1 && len(gone) == 0:
		return "it is healthy"
	case len(s.States) == 1:
		return "it is healthy and replaces " + gone[0]
	case len(gone) == 0:
		return strings.Join(come, ", ") + ": healthy"
	case u != nil && !s.isWanted(u):
		return "all of revision " + ShortHash(s.Revision) + " is healthy and replaces " + strings.Join(gone, ", ")
	}
	return "not " + strings.Join(gone, ", ") + ": not healthy, or more than are wanted"
}

// routeExisting routes requests to what was found running, and does no more.
func (s *AppState) routeExisting(reason string) []Task {
	if len(s.Served) > 0 || s.ServedByFiles() {
		return nil
	}
	if found := OfOneRevision(slices.Collect(s.all()), s.Good); len(found) > 0 {
		return []Task{s.routeTo(found, reason)}
	}
	return nil
}

// OfOneRevision are the units of web that run of one revision: the good one if it does.
func OfOneRevision(list []*Unit, good *Good) (found []string) {
	list = slices.DeleteFunc(slices.Clone(list), func(u *Unit) bool { return !u.IsWeb() || !u.Running() })
	if len(list) == 0 {
		return nil
	}
	revision := list[0].Revision
	if good != nil && slices.ContainsFunc(list, func(u *Unit) bool { return u.Revision == good.Revision }) {
		revision = good.Revision
	}
	for _, u := range list {
		if u.Revision == revision {
			found = append(found, u.Unit)
		}
	}
	slices.Sort(found)
	return found
}

func equalSets(a, b []string) bool {
	lacks := func(name string) bool { return !slices.Contains(b, name) }
	return slices.Equal(a, b) || len(a) == len(b) && !slices.ContainsFunc(a, lacks)
}
