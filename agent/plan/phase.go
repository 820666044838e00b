package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

// Phase is where an instance stands, and why.
type Phase struct {
	State api.State
	Why   string
	Fault bool // Why says what is wrong, and not only what is going on
}

// Phase is the one place that decides which api.State an instance is in.
func (s *AppState) Phase() Phase {
	switch {
	case s.Stopped != "":
		return s.stoppedPhase()
	case s.Problem != "":
		return s.problemPhase()
	case s.Adopted:
		return s.adoptedPhase()
	case !s.Runs():
		return s.filesPhase()
	}
	if s.servedByOthers() || s.ServedByFiles() {
		return s.replacementPhase()
	}
	if words := s.beforeWords(); words != "" {
		return Phase{api.StateStarting, words, false}
	}
	return s.runningPhase()
}

// gravity orders the states of replicas, the least grave first.
var gravity = []api.State{api.StateRunning, api.StateUnknown, api.StateStarting, api.StatePending, api.StateStopping,
	api.StateUnhealthy, api.StateBackingOff, api.StateFailed}

func (p Phase) gravity() int { return slices.Index(gravity, p.State) }

// runningPhase is that of the wanted revision: a process stands as its best replica does, and the
// instance as its worst process. What is wrong with other replicas is said, too.
func (s *AppState) runningPhase() Phase {
	processes := map[string]Phase{}
	var whole, worst Phase
	var left []string
	for i := range s.States {
		r := &s.States[i]
		if r.Left && !r.healthy() {
			left = append(left, r.Name())
			continue
		}
		p := s.PhaseOf(r)
		if p.Why != "" {
			p.Why = s.Of(r.Replica) + p.Why
		}
		if p.gravity() > worst.gravity() {
			worst = p
		}
		if best, there := processes[r.Process]; !there || p.gravity() < best.gravity() {
			processes[r.Process] = p
		}
	}
	for i := range s.States {
		if p, there := processes[s.States[i].Process]; there && p.gravity() > whole.gravity() {
			whole = p
		}
	}
	switch {
	case whole.State == api.StateRunning && worst.gravity() > 0:
		whole.Why, whole.Fault = worst.Why, worst.Fault
	case whole.State == api.StateRunning && len(left) > 0:
		whole.Why = strings.Join(left, ", ") + ": stopped by operator (systemctl)"
	}
	return whole
}

func (s *AppState) problemPhase() Phase {
	for _, u := range s.Others {
		if u.Running() {
			return Phase{api.StateRunning, "keeps running as it is: " + s.Problem, true}
		}
	}
	if s.ServedByFiles() {
		return Phase{api.StateRunning, "its files are served as they are: " + s.Problem, true}
	}
	return Phase{api.StateFailed, s.Problem, true}
}

func (s *AppState) stoppedPhase() Phase {
	for range s.all() {
		return Phase{api.StateStopping, s.Stopped, false}
	}
	return Phase{api.StateStopped, s.Stopped, false}
}

func (s *AppState) adoptedPhase() Phase {
	for _, u := range s.Others {
		if u.Running() {
			return Phase{api.StateRunning, "adopted from systemd; waiting for " + s.awaited(), false}
		}
	}
	return Phase{api.StateUnknown, "waiting for " + s.awaited(), false}
}

// awaited is what will say how an adopted instance should run.
func (s *AppState) awaited() string {
	if s.Kind == KindStatic {
		return "its file in apps.d to be mended: nexushub verify"
	}
	return "its provider's first list"
}

func (s *AppState) filesPhase() Phase {
	if s.Empty() {
		return Phase{api.StatePending, s.emptyWords(), false}
	}
	return Phase{State: api.StateRunning}
}

func (s *AppState) emptyWords() string {
	if s.Kind == KindDynamic {
		return NotInstalled(s.AppID)
	}
	return "nothing is installed yet"
}

// NotInstalled is why a dynamic application has nothing to run, and what to do.
func NotInstalled(appID string) string {
	return fmt.Sprintf("no package is installed under its app id %q: %s installs one",
		appID, shell.Command("nexushub deploy --temporary --name="+shell.Quote(appID), "FOLDER"))
}

// replacementPhase is that of an instance served by another revision than the wanted.
func (s *AppState) replacementPhase() Phase {
	if words := s.beforeWords(); words != "" {
		return Phase{api.StateRunning, "revision " + ShortHash(s.Revision) + " is about to replace it: " + words, false}
	}
	if r := s.Worst(); r != nil && r.Seen == nil && r.Trouble.Waiting(s.Now) {
		return Phase{api.StateRunning, fmt.Sprintf("revision %s cannot replace it yet: %s", ShortHash(s.Revision),
			s.Of(r.Replica)+r.Trouble.LastExit), true}
	}
	if s.healthy() {
		return Phase{api.StateRunning, "revision " + ShortHash(s.Revision) +
			" is healthy; the proxy has not accepted its route yet", false}
	}
	return Phase{api.StateRunning, "revision " + ShortHash(s.Revision) + " is about to replace it", false}
}

// PhaseOf is that of one replica.
func (s *AppState) PhaseOf(r *ReplicaState) Phase {
	u := r.Seen
	switch {
	case u == nil && r.Trouble.Waiting(s.Now):
		return Phase{api.StateBackingOff, r.Trouble.LastExit, true}
	case u == nil:
		return Phase{api.StatePending, "is about to start", false}
	case u.restarting():
		return Phase{api.StateBackingOff, u.lastExitText(), true}
	case u.Ended() && u.ActiveState == "inactive":
		return Phase{api.StateStopping, "its unit has exited", false}
	case u.Ended():
		return Phase{api.StateFailed, u.lastExitText(), true}
	case u.ActiveState == "activating":
		return Phase{api.StateStarting, u.StatusText, false}
	case u.ActiveState == "deactivating":
		return Phase{api.StateStopping, "", false}
	case u.Healthy() && (!r.IsWeb() || slices.Contains(s.Served, u.Unit)):
		return Phase{api.StateRunning, s.runningWords(u), false}
	case u.Healthy():
		return Phase{api.StateStarting, "healthy; the proxy has not accepted its route yet", false}
	}
	return s.unhealthyPhase(r)
}

func (s *AppState) unhealthyPhase(r *ReplicaState) Phase {
	u := r.Seen
	switch {
	case u.Fresh:
		return Phase{api.StateStarting, "has just begun", false}
	case u.Health.State == fact.Unhealthy:
		return Phase{api.StateUnhealthy, healthText(r.Replica, u), true}
	case u.Health.Failures > 0 && unhealthyTooLong(r.Replica, u, s.Now):
		return Phase{api.StateUnhealthy, healthText(r.Replica, u), true}
	case u.Adopted && u.Health.Failures == 0:
		return Phase{api.StateUnknown, "its health has not been checked since the agent started", false}
	case u.Health.Failures > 0:
		return Phase{api.StateStarting, "not healthy yet: " + u.Health.Problem, true}
	}
	return Phase{api.StateStarting, "its health has not been checked yet", false}
}

// runningWords is what an application that notifies says of itself, if anything.
func (s *AppState) runningWords(u *Unit) string {
	if s.Fallback {
		return "the last good revision; the new one was given up"
	}
	return u.StatusText
}

// Settled says whether the first reconcile need not wait for an instance any more: it is up,
// has failed at least once, or waits for others or for its release command.
func (s *AppState) Settled(p Phase) bool {
	return p.State.Settled() || s.Empty() || s.beforeWords() != "" ||
		len(s.States) > 0 && !slices.ContainsFunc(s.States, func(r ReplicaState) bool { return !r.settled() })
}
