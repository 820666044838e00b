package agent

import (
	"slices"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// viewProcesses shows each process with its replicas. Of one replica of web alone everything is
// said already.
func viewProcesses(v *api.App, s *plan.AppState, m *plan.Memory) {
	if s.IsAlone() {
		return
	}
	parts := s.Parts()
	for _, name := range processNames(s, parts) {
		p := api.Process{Name: name, Replicas: []api.Replica{}}
		for i := range parts {
			if r := &parts[i]; r.Process == name && (r.Seen != nil || s.StartsAll()) {
				p.Replicas = append(p.Replicas, viewReplica(s, r, m))
			}
		}
		switch {
		case s.Adopted: // nobody knows how many there are to be
			p.Wanted = len(p.Replicas)
		case s.Manifest.HasProcess(name):
			p.Wanted = s.Manifest.ReplicasOf(name)
		}
		for _, r := range p.Replicas {
			if r.Revision == v.Revision && r.Health == api.Healthy {
				p.Ready++
			}
		}
		v.Processes = append(v.Processes, p)
	}
}

// processNames are those of the manifest, and behind them those of what else there is.
func processNames(s *plan.AppState, parts []plan.ReplicaState) []string {
	names := s.Manifest.ProcessNames()
	for _, r := range parts {
		if !slices.Contains(names, r.Process) {
			names = append(names, r.Process)
		}
	}
	return names
}

func viewReplica(s *plan.AppState, r *plan.ReplicaState, m *plan.Memory) api.Replica {
	phase := s.PhaseOf(r)
	v := api.Replica{Number: r.N, State: phase.State, Why: phase.Why, Unit: r.Unit, Revision: s.Revision,
		Health: api.HealthUnknown}
	if r.Trouble.Waiting(s.Now) {
		v.NextTry = &r.Trouble.NextTry
	}
	if u := r.Seen; u != nil {
		v.Revision, v.PID, v.Port, v.Restarts = u.Revision, u.MainPID, u.Port, u.NRestarts
		v.Memory, v.CPUNSec, v.Tasks, v.Health = u.Memory, u.CPUNSec, u.Tasks, healthWord(u)
	}
	if m != nil {
		if counted, there := m.Restarts[r.Unit]; there {
			v.Restarts = counted.Count
		}
	}
	return v
}

// healthWord is what is known of a unit's health.
func healthWord(u *plan.Unit) string {
	switch {
	case u.Probed:
		return string(u.Health.State)
	case u.Healthy():
		return api.Healthy
	}
	return api.HealthUnknown
}
