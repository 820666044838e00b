package agent

import (
	"fmt"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
)

// phase is where an instance stands, and why.
type phase struct {
	state api.State
	why   string
}

// phase is pure: the one place where the words of api.State are given their sense.
func (s *situation) phase() phase {
	switch {
	case s.Problem != "":
		return s.problemPhase()
	case s.Stopped != "":
		return s.stoppedPhase()
	case s.Adopted:
		return s.adoptedPhase()
	case !s.runs():
		return s.filesPhase()
	}
	if u := s.servedUnit(); u != nil && u != s.want && u.Running() {
		return s.replacementPhase()
	}
	if s.want == nil {
		return s.absentPhase()
	}
	return s.unitPhase(s.want)
}

func (s *situation) problemPhase() phase {
	for _, u := range s.others {
		if u.Running() {
			return phase{api.StateRunning, "runs on as it is: " + s.Problem}
		}
	}
	return phase{api.StateFailed, s.Problem}
}

func (s *situation) stoppedPhase() phase {
	if s.want != nil || len(s.others) > 0 {
		return phase{api.StateStopping, s.Stopped}
	}
	return phase{api.StateStopped, s.Stopped}
}

func (s *situation) adoptedPhase() phase {
	for _, u := range s.others {
		if u.Running() {
			return phase{api.StateRunning, "taken over from systemd; its provider has not been heard yet"}
		}
	}
	return phase{api.StateUnknown, "its provider has not been heard yet"}
}

func (s *situation) filesPhase() phase {
	if s.empty() {
		return phase{api.StatePending, "nothing is installed yet"}
	}
	return phase{state: api.StateRunning}
}

// replacementPhase is that of an instance served by another revision than the wanted.
func (s *situation) replacementPhase() phase {
	if s.want == nil && s.trouble.waiting(s.now) {
		return phase{api.StateRunning, fmt.Sprintf("revision %s cannot replace it yet: %s", short(s.Revision), s.trouble.LastExit)}
	}
	if s.want != nil && s.want.healthy() {
		return phase{api.StateRunning, "revision " + short(s.Revision) + " is healthy; the proxy has not taken its route over yet"}
	}
	return phase{api.StateRunning, "revision " + short(s.Revision) + " is about to replace it"}
}

func (s *situation) absentPhase() phase {
	if s.trouble.waiting(s.now) {
		return phase{api.StateBackingOff, s.trouble.LastExit}
	}
	return phase{api.StatePending, "is about to be started"}
}

func (s *situation) unitPhase(u *Unit) phase {
	switch {
	case u.restarting():
		return phase{api.StateBackingOff, u.lastExit()}
	case u.Ended() && u.ActiveState == "inactive":
		return phase{api.StateStopping, "its unit has ended"}
	case u.Ended():
		return phase{api.StateFailed, u.lastExit()}
	case u.ActiveState == "activating":
		return phase{api.StateStarting, u.StatusText}
	case u.ActiveState == "deactivating":
		return phase{api.StateStopping, ""}
	case u.healthy() && s.served == u.Unit:
		return phase{api.StateRunning, s.runningWords(u)}
	case u.healthy():
		return phase{api.StateStarting, "healthy; the proxy has not taken its route over yet"}
	}
	return s.unhealthyPhase(u)
}

func (s *situation) unhealthyPhase(u *Unit) phase {
	switch {
	case u.Health.State == fact.Unhealthy:
		return phase{api.StateUnhealthy, healthWords(s.Desired, u)}
	case u.Health.Failures > 0 && outOfPatience(s.Desired, u, s.now):
		return phase{api.StateUnhealthy, healthWords(s.Desired, u)}
	case u.Adopted && u.Health.Failures == 0:
		return phase{api.StateUnknown, "not asked for its health yet since the agent started"}
	case u.Health.Failures > 0:
		return phase{api.StateStarting, "not healthy yet: " + u.Health.Problem}
	}
	return phase{api.StateStarting, "not asked for its health yet"}
}

// runningWords is what an application that notifies says of itself, if anything.
func (s *situation) runningWords(u *Unit) string {
	if s.Fallback {
		return "the last good revision; the wanted one was given up"
	}
	return u.StatusText
}

// dealtWith says whether the start need not wait for an instance any more: it is up,
// has failed at least once, or waits for others.
func (s *situation) dealtWith(p phase) bool {
	return p.state.Settled() || s.trouble.Attempt > 0 || s.want != nil && s.want.healthy() || s.empty()
}
