package plan

import (
	"fmt"
)

// startAtOnce is how many replicas of one instance are being started at the same time: one that takes
// long for it must not keep others from starting and stopping.
const startAtOnce = 4

// tend looks after each of the replicas that are to run.
func (s *AppState) tend() (steps []Task) {
	var due []*ReplicaState
	for i := range s.States {
		switch r := &s.States[i]; {
		case r.Left && (r.Seen == nil || r.Seen.Ended()): // until he starts it again
		case r.Seen != nil:
			steps = append(steps, s.supervise(r)...)
		case !r.Trouble.Waiting(s.Now):
			due = append(due, r)
		}
	}
	return append(steps, s.start(due)...)
}

// start starts replicas that are not there, as soon as nothing is in their way.
func (s *AppState) start(due []*ReplicaState) (steps []Task) {
	if len(due) == 0 {
		return nil
	}
	if reason, ok := s.runsAlone(); ok {
		return s.tearDown(reason, s.older())
	}
	if s.startsOthers() && (s.stopFirst() || len(s.Audiences) > 0 || len(s.Withheld) > 0) {
		return nil // when that is over it is seen what was started, and perhaps stopped
	}
	for _, r := range s.few(due) {
		t := s.Task(Start, r.Unit, s.startReason(r))
		t.Spec = r.Spec
		steps = append(steps, t)
	}
	return steps
}

// few are those whose turn it is.
func (s *AppState) few(due []*ReplicaState) (list []*ReplicaState) {
	room := startAtOnce
	for _, r := range due {
		if s.Busy[r.Unit] {
			room--
		}
	}
	for _, r := range due {
		if room > 0 && !s.Busy[r.Unit] {
			list = append(list, r)
			room--
		}
	}
	return list
}

// runsAlone says whether the wanted revision must not run beside one that is there, and why that one
// is stopped.
func (s *AppState) runsAlone() (reason string, ok bool) {
	if s.stopFirst() && len(s.older()) > 0 {
		return "it cannot run beside revision " + ShortHash(s.Revision) + ", which replaces it (stop-first)", true
	}
	if u := s.unitWithOtherSecrets(); u != nil {
		return "it must not run beside revision " + ShortHash(u.Revision) +
			", which gets other secrets, or variables of somebody who does not get them", true
	}
	return "", false
}

// startsOthers says whether a unit that is not wanted is about to be there.
func (s *AppState) startsOthers() bool {
	for subject := range s.Busy {
		if subject != Whole && s.state(subject) == nil && s.unit(subject) == nil {
			return true
		}
	}
	return false
}

func (s *AppState) startReason(r *ReplicaState) string {
	older := s.older()
	switch {
	case r.Trouble.Attempt > 0:
		return fmt.Sprintf("try %d after: %s", r.Trouble.Attempt+1, r.Trouble.LastExit)
	case s.Fallback:
		return "revision " + ShortHash(s.Revision) + " is the last that was healthy"
	case len(older) == 0:
		return "it should run and does not"
	case older[0].Release != s.Release.Hash:
		return fmt.Sprintf("release %s replaces %s", ShortHash(s.Release.Hash), ShortHash(older[0].Release))
	}
	return fmt.Sprintf("revision %s replaces %s: its settings changed", ShortHash(s.Revision), ShortHash(older[0].Revision))
}

// supervise looks after one replica once its unit is there.
func (s *AppState) supervise(r *ReplicaState) []Task {
	u, t := r.Seen, r.Trouble
	step := func(a Action, reason string) []Task { return []Task{s.Task(a, u.Unit, reason)} }
	switch {
	case u.Ended():
		return step(Stop, "it exited for good ("+u.lastExitText()+") and is removed before the next start")
	case u.Healthy() && t.Forgiven:
		return step(Reset, "it has been healthy long enough: its failure count is reset")
	case u.Healthy() && t.Proven && u.NRestarts > 0:
		return step(Reset, "it works again: systemd's delays begin anew")
	case u.Healthy():
		return nil
	case t.Waiting(s.Now) && !r.Spec.HasSocket():
		return step(Stop, fmt.Sprintf("failure %d in a row (%s): the agent takes over from systemd and waits longer",
			t.Attempt, t.LastExit))
	case s.restartDue(r):
		return step(Restart, t.LastExit)
	}
	return nil
}

// restartDue says whether a running unit is to be restarted for its health.
func (s *AppState) restartDue(r *ReplicaState) bool {
	return r.Trouble.Attempt > 0 && !r.Trouble.Waiting(s.Now) && r.Seen.Running() &&
		unhealthyTooLong(r.Replica, r.Seen, s.Now)
}
