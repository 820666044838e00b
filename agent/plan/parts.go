package plan

import "slices"

// Parts are all replicas of an instance as they are: those that are to run, then what else there is.
func (s *AppState) Parts() []ReplicaState {
	parts := slices.Clone(s.States)
	for _, u := range s.Others {
		r := &Replica{Process: u.Process, N: u.Replica, Unit: u.Unit, Health: s.Manifest.For(u.Process).Health}
		parts = append(parts, ReplicaState{Replica: r, Seen: u})
	}
	return parts
}

// IsAlone says whether the instance is one replica of web, with nothing beside it.
func (s *AppState) IsAlone() bool {
	beside := func(r ReplicaState) bool { return !r.IsWeb() || r.N > 1 }
	return len(s.Manifest.ProcessNames()) == 1 && !slices.ContainsFunc(s.Parts(), beside)
}

// StartsAll says whether what is to run and is not there will be started.
func (s *AppState) StartsAll() bool { return s.Runs() && s.Stopped == "" && s.Problem == "" }
