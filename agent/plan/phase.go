package plan

import (
	"fmt"

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
	case s.Problem != "":
		return s.problemPhase()
	case s.Stopped != "":
		return s.stoppedPhase()
	case s.Adopted:
		return s.adoptedPhase()
	case !s.Runs():
		return s.filesPhase()
	}
	if u := s.ServedUnit(); u != nil && u != s.Wanted && u.Running() {
		return s.replacementPhase()
	}
	if s.Wanted == nil {
		return s.absentPhase()
	}
	return s.unitPhase(s.Wanted)
}

func (s *AppState) problemPhase() Phase {
	for _, u := range s.Others {
		if u.Running() {
			return Phase{api.StateRunning, "keeps running as it is: " + s.Problem, true}
		}
	}
	return Phase{api.StateFailed, s.Problem, true}
}

func (s *AppState) stoppedPhase() Phase {
	if s.Wanted != nil || len(s.Others) > 0 {
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
	if s.Wanted == nil && s.Trouble.Waiting(s.Now) {
		return Phase{api.StateRunning, fmt.Sprintf("revision %s cannot replace it yet: %s", ShortHash(s.Revision),
			s.Trouble.LastExit), true}
	}
	if s.Wanted != nil && s.Wanted.Healthy() {
		return Phase{api.StateRunning, "revision " + ShortHash(s.Revision) +
			" is healthy; the proxy has not accepted its route yet", false}
	}
	return Phase{api.StateRunning, "revision " + ShortHash(s.Revision) + " is about to replace it", false}
}

func (s *AppState) absentPhase() Phase {
	if s.Trouble.Waiting(s.Now) {
		return Phase{api.StateBackingOff, s.Trouble.LastExit, true}
	}
	return Phase{api.StatePending, "is about to start", false}
}

func (s *AppState) unitPhase(u *Unit) Phase {
	switch {
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
	case u.Healthy() && s.Served == u.Unit:
		return Phase{api.StateRunning, s.runningWords(u), false}
	case u.Healthy():
		return Phase{api.StateStarting, "healthy; the proxy has not accepted its route yet", false}
	}
	return s.unhealthyPhase(u)
}

func (s *AppState) unhealthyPhase(u *Unit) Phase {
	switch {
	case u.Health.State == fact.Unhealthy:
		return Phase{api.StateUnhealthy, healthText(s.Desired, u), true}
	case u.Health.Failures > 0 && unhealthyTooLong(s.Desired, u, s.Now):
		return Phase{api.StateUnhealthy, healthText(s.Desired, u), true}
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
// has failed at least once, or waits for others.
func (s *AppState) Settled(p Phase) bool {
	return p.State.Settled() || s.Trouble.Attempt > 0 || s.Wanted != nil && s.Wanted.Healthy() || s.Empty()
}
