package plan

import (
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// Replica is one of the units that are to run of an instance: one of the equals that a process
// runs as.
type Replica struct {
	Process string
	N       int // from 1 on
	Spec    units.Spec
	Unit    string // of Spec
	Health  manifest.Health
}

// Replicas are all that are to run of processes, the first of web first. How many there are of
// each is for m to say, and no part of their revision.
func Replicas(processes []units.Spec, m manifest.Manifest) (list []Replica) {
	for _, spec := range processes {
		process := spec.ProcessName()
		health := m.For(process).Health
		for n := range m.ReplicasOf(process) {
			if n > 0 {
				spec.Replica = n + 1
			}
			list = append(list, Replica{Process: process, N: n + 1, Spec: spec, Unit: spec.UnitName(), Health: health})
		}
	}
	return list
}

// Name tells it from the others of its instance, for people: "worker.2".
func (r *Replica) Name() string { return units.Part(r.Process, r.N) }

// IsWeb says whether requests are for it.
func (r *Replica) IsWeb() bool { return r.Process == manifest.Web }

// Probed says whether the agent asks it for its health.
func (r *Replica) Probed() bool { return probed(r.Health) }

func probed(h manifest.Health) bool { return h.Type == "http" || h.Type == "tcp" }

// steadyAfter is how long a process that nobody can ask for its health has to run until it counts as
// healthy: what is wrong with its surroundings shows by then.
const steadyAfter = 5 * time.Second

// SteadyAt is when a run of it that has begun counts as healthy, if nothing else tells.
func (r *Replica) SteadyAt(u *Unit) time.Time {
	if r.Health.Type != "none" || r.IsWeb() {
		return u.ActiveAt
	}
	return u.ActiveAt.Add(steadyAfter)
}

// ReplicaState is one replica at one moment: what should be of it and what is.
type ReplicaState struct {
	*Replica
	Seen    *Unit // nil: it is not there
	Trouble Trouble
	Left    bool // stopped by an operator, on its own
}

// healthy says whether it does what it should.
func (r *ReplicaState) healthy() bool { return r.Seen != nil && r.Seen.Healthy() }

// settled says whether a start of everything need not wait for it any more.
func (r *ReplicaState) settled() bool {
	return r.Trouble.Attempt > 0 || r.Seen != nil && (r.Seen.Healthy() || r.Seen.Running() && !r.Seen.Probed)
}
