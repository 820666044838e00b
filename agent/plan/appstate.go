package plan

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// AppState is one instance at one moment: what should be of it and what is.
type AppState struct {
	*Desired
	Now    time.Time
	States []ReplicaState // of what is to run, in the order of Replicas
	Others []*Unit        // what else there is: of other revisions, and more than are wanted
	// Commands are release commands, of whatever revision.
	Commands []*Unit
	Served   []string // units that the proxy leads requests to
	Target   []string // other than served while the proxy has not acknowledged them
	Busy     map[string]bool
	Trouble  Trouble // the worst that a replica has
}

// manyReplicas is from where on they are looked up in a map.
const manyReplicas = 8

// take sorts units into those that are wanted and the others.
func (s *AppState) take(units []*Unit) {
	of := s.state
	if len(s.States) > manyReplicas {
		byUnit := make(map[string]*ReplicaState, len(s.States))
		for i := range s.States {
			byUnit[s.States[i].Unit] = &s.States[i]
		}
		of = func(unit string) *ReplicaState { return byUnit[unit] }
	}
	for _, u := range units {
		if r := of(u.Unit); r != nil {
			r.Seen = u
		} else if isCommand(u) {
			s.Commands = append(s.Commands, u)
		} else {
			s.Others = append(s.Others, u)
		}
	}
}

// state is that of the replica that is to run as a unit; nil: none is.
func (s *AppState) state(unit string) *ReplicaState {
	for i := range s.States {
		if s.States[i].Unit == unit {
			return &s.States[i]
		}
	}
	return nil
}

// Worst is the replica that is in the most trouble; nil: there is none.
func (s *AppState) Worst() (worst *ReplicaState) {
	for i := range s.States {
		if r := &s.States[i]; worst == nil || r.worse(worst) {
			worst = r
		}
	}
	return worst
}

// worse: given up, then not healthy, then failed more often.
func (r *ReplicaState) worse(than *ReplicaState) bool {
	rank := func(r *ReplicaState) int {
		switch {
		case r.Trouble.GaveUp:
			return 3
		case r.Trouble.Attempt > 0 && !r.healthy():
			return 2
		case r.Trouble.Attempt > 0:
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(r), rank(than)), cmp.Compare(r.Trouble.Attempt, than.Trouble.Attempt)) > 0
}

// all are the units that there are.
func (s *AppState) all() iter.Seq[*Unit] {
	return func(yield func(*Unit) bool) {
		for _, u := range slices.Concat(s.Others, s.Commands) {
			if !yield(u) {
				return
			}
		}
		for i := range s.States {
			if u := s.States[i].Seen; u != nil && !yield(u) {
				return
			}
		}
	}
}

// unit is nil if it is not there.
func (s *AppState) unit(name string) *Unit {
	for u := range s.all() {
		if u.Unit == name {
			return u
		}
	}
	return nil
}

// older are the units of other revisions.
func (s *AppState) older() (list []*Unit) {
	for _, u := range s.Others {
		if u.Revision != s.Revision {
			list = append(list, u)
		}
	}
	return list
}

// SetBusy keeps what a task is about from getting another.
func (s *AppState) SetBusy(t Task) {
	if s.Busy == nil {
		s.Busy = map[string]bool{}
	}
	s.Busy[t.Subject()] = true
}

// isWanted says whether a unit is of the revision that is to run, if perhaps one too many.
func (s *AppState) isWanted(u *Unit) bool {
	return s.Runs() && u.Revision == s.Revision || s.state(u.Unit) != nil
}

// ServedUnits are those that the proxy leads requests to. Where some of them run, the others
// get none.
func (s *AppState) ServedUnits() (list []*Unit) {
	running := false
	for _, name := range s.Served {
		if u := s.unit(name); u != nil {
			list, running = append(list, u), running || u.Running()
		}
	}
	if running {
		list = slices.DeleteFunc(list, func(u *Unit) bool { return !u.Running() })
	}
	return list
}

// ServedUnit is the first of them; nil: there is none.
func (s *AppState) ServedUnit() (first *Unit) {
	for _, name := range s.Served {
		u := s.unit(name)
		if u != nil && u.Running() {
			return u
		}
		if first == nil {
			first = u
		}
	}
	return first
}

// Shown is the unit that stands for the instance: the one that serves, else the first that is
// wanted.
func (s *AppState) Shown() *Unit {
	if u := s.ServedUnit(); u != nil {
		return u
	}
	for u := range s.wanted() {
		return u
	}
	if len(s.Others) > 0 {
		return s.Others[0]
	}
	return nil
}

// ShownUnits are all of the revision that is shown.
func (s *AppState) ShownUnits() (list []*Unit) {
	shown := s.Shown()
	for u := range s.all() {
		if !isCommand(u) && (u == shown || u.Revision == shown.Revision) {
			list = append(list, u)
		}
	}
	return list
}

// ShownNames are the units of the revision that is shown, those too that are to run and are not
// there.
func (s *AppState) ShownNames() (names []string) {
	if u := s.Shown(); u == nil || s.isWanted(u) {
		for i := range s.Replicas {
			names = append(names, s.Replicas[i].Unit)
		}
		return names
	}
	for _, u := range s.ShownUnits() {
		names = append(names, u.Unit)
	}
	return names
}

// wanted are the units that there are of what is to run.
func (s *AppState) wanted() iter.Seq[*Unit] {
	return func(yield func(*Unit) bool) {
		for i := range s.States {
			if u := s.States[i].Seen; u != nil && !yield(u) {
				return
			}
		}
	}
}

// First is the unit of the first replica of web; nil: it is not there.
func (s *AppState) First() *Unit {
	if len(s.States) == 0 {
		return nil
	}
	return s.States[0].Seen
}

// Run is the invocation of the unit that stands for the instance; empty: there is none.
func (s *AppState) Run() string {
	if u := s.Shown(); u != nil {
		return u.Invocation
	}
	return ""
}

// healthy says whether all of it is, without what an operator has stopped.
func (s *AppState) healthy() bool {
	for i := range s.States {
		if r := &s.States[i]; !r.Left && !r.healthy() {
			return false
		}
	}
	return true
}

// AsGood is the wanted revision as what to fall back to.
func (s *AppState) AsGood() *Good {
	good := &Good{Revision: s.Revision, Spec: s.Spec, Release: s.Release, Manifest: s.Manifest}
	if s.Runs() {
		good.Others = s.Processes[1:]
	}
	return good
}

// ServedByFiles says whether the files of the last good release, which runs nothing, answer the requests,
// because what is wanted cannot: it is not ready, was given up, or is not known. Of a folder that is its
// own release, they may be gone then.
func (s *AppState) ServedByFiles() bool {
	if s.Stopped != "" || s.Good == nil || s.Good.Runs() {
		return false
	}
	u := s.ServedUnit()
	unknown := s.Problem != "" && s.Good.Release.Dir != s.Package
	return (unknown || s.Runs() || s.Fallback) && (u == nil || !u.Running())
}

// Complete says whether all that is to run is healthy, and all of web gets requests.
func (s *AppState) Complete() bool {
	for i := range s.States {
		if r := &s.States[i]; r.IsWeb() && !r.Left && !slices.Contains(s.Served, r.Unit) {
			return false
		}
	}
	return s.healthy()
}
