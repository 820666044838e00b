package plan

import (
	"cmp"
	"fmt"
	"time"
)

// Make compares what should be with what is and returns at most one step for each
// instance: the one that is due now. The next one follows from what is then, so an
// agent that dies between two steps continues where it was. It is pure.
func Make(apps []AppState, current Current, now time.Time) []Task {
	tasks := make([]Task, 0, 8)
	wanted := make(map[string]bool, len(apps))
	renewing := countRenewals(apps, current)
	for i := range apps {
		s := &apps[i]
		wanted[s.ID] = true
		if current.Apps[s.ID].Busy {
			continue
		}
		t, ok := s.next()
		if ok && s.renews() && !s.renewalBegun() {
			ok = renewing < renewAtOnce // else it keeps serving until its turn
			renewing++
		}
		if ok {
			tasks = append(tasks, t)
		}
	}
	return order(append(tasks, planRemovals(wanted, current, now)...))
}

// planRemovals tears down what no provider lists any more. A provider that has not given
// its complete list removes nothing: absence of information is no removal.
func planRemovals(wanted map[string]bool, current Current, now time.Time) []Task {
	var tasks []Task
	for id, o := range current.Apps {
		list := o.Units
		if wanted[id] || o.Busy || len(list) == 0 || current.Partial[list[0].Kind] {
			continue
		}
		s := current.Of(unlisted(id, list), now)
		if u := s.overdue(); u != nil {
			tasks = append(tasks, s.Task(Kill, u.Unit, s.Stopped))
		} else if t, ok := s.tearDown(s.Stopped); ok {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// next is the step that is due.
func (s *AppState) next() (Task, bool) {
	if u := s.overdue(); u != nil {
		return s.Task(Kill, u.Unit, fmt.Sprintf("its grace period of %s is over and it has not stopped", u.StopTimeout)), true
	}
	switch {
	case s.Problem != "":
		return s.routeExisting("it keeps running although " + s.Problem)
	case s.Stopped != "":
		return s.tearDown(s.Stopped)
	case s.Adopted:
		return s.routeExisting("it runs; waiting for " + s.awaited())
	case !s.Runs():
		return s.tearDown("it has nothing to run any more")
	case s.Trouble.GaveUp:
		return s.reject(), true
	case s.Wanted == nil:
		return s.start()
	case s.Wanted.Ended():
		return s.Task(Stop, s.Wanted.Unit,
			"it exited for good ("+s.Wanted.lastExitText()+") and is removed before the next start"), true
	}
	return s.supervise()
}

// routeExisting routes requests to what was found running, and does no more.
func (s *AppState) routeExisting(reason string) (Task, bool) {
	for _, u := range s.Others {
		if s.Served == "" && u.Running() {
			return s.Task(Route, u.Unit, reason), true
		}
	}
	return Task{}, false
}

// reject gives the wanted revision up.
func (s *AppState) reject() Task {
	t := s.Task(Reject, s.Unit,
		"revision "+ShortHash(s.Revision)+" did not become healthy beside the last good one: "+s.Trouble.LastExit)
	t.Run = s.Trouble.Run
	return t
}

// start starts the wanted revision.
func (s *AppState) start() (Task, bool) {
	if s.Trouble.Waiting(s.Now) {
		return Task{}, false
	}
	if s.stopFirst() && len(s.Others) > 0 {
		return s.tearDown("it cannot run beside revision " + ShortHash(s.Revision) + ", which replaces it (stop-first)")
	}
	if u := s.unitWithOtherSecrets(); u != nil {
		return s.tearDown("it must not run beside revision " + ShortHash(u.Revision) +
			", which gets other secrets, or variables of somebody who does not get them")
	}
	t := s.Task(Start, s.Unit, s.startReason())
	t.Spec = s.Spec
	return t, true
}

func (s *AppState) startReason() string {
	switch {
	case s.Trouble.Attempt > 0:
		return fmt.Sprintf("try %d after: %s", s.Trouble.Attempt+1, s.Trouble.LastExit)
	case s.Fallback:
		return "revision " + ShortHash(s.Revision) + " is the last that was healthy"
	case len(s.Others) == 0:
		return "it should run and does not"
	case s.Others[0].Release != s.Release.Hash:
		return fmt.Sprintf("release %s replaces %s", ShortHash(s.Release.Hash), ShortHash(s.Others[0].Release))
	}
	return fmt.Sprintf("revision %s replaces %s: its settings changed", ShortHash(s.Revision),
		ShortHash(s.Others[0].Revision))
}

// supervise looks after the wanted unit once it is there.
func (s *AppState) supervise() (Task, bool) {
	switch u := s.Wanted; {
	case u.Healthy():
		return s.promote()
	case s.Trouble.Waiting(s.Now) && s.Spec.Network != "socket":
		return s.Task(Stop, u.Unit,
			fmt.Sprintf("failure %d in a row (%s): the agent takes over from systemd and waits longer", s.Trouble.Attempt,
				s.Trouble.LastExit)), true
	case s.restartDue():
		return s.Task(Restart, u.Unit, s.Trouble.LastExit), true
	}
	return Task{}, false
}

// restartDue says whether a running unit is to be restarted for its health.
func (s *AppState) restartDue() bool {
	return s.Trouble.Attempt > 0 && !s.Trouble.Waiting(s.Now) && s.Wanted.Running() &&
		unhealthyTooLong(s.Desired, s.Wanted, s.Now)
}

// promote routes the requests to the healthy wanted unit and then removes the others.
func (s *AppState) promote() (Task, bool) {
	if s.Served != s.Wanted.Unit {
		reason := "it is healthy"
		if s.Served != "" {
			reason += " and replaces " + s.Served
		}
		return s.Task(Route, s.Wanted.Unit, reason), true
	}
	for _, u := range s.Others {
		return s.retire(u, "revision "+ShortHash(s.Revision)+" has taken over"), true
	}
	if s.Trouble.Forgiven {
		return s.Task(Reset, s.Wanted.Unit, "it has been healthy long enough: its failure count is reset"), true
	}
	return Task{}, false
}

// tearDown stops all units of the instance: first no new requests, then none in flight.
func (s *AppState) tearDown(reason string) (Task, bool) {
	if routed := cmp.Or(s.Served, s.Target); routed != "" { // a proxy that was slow may have it by now
		return s.Task(Unroute, routed, reason), true
	}
	all := s.Others
	if s.Wanted != nil {
		all = append(all, s.Wanted)
	}
	for _, u := range all {
		return s.retire(u, reason), true
	}
	return Task{}, false
}

// retire is the next step in stopping one unit that gets no new requests.
func (s *AppState) retire(u *Unit, reason string) Task {
	if u.Running() && !u.Drained {
		return s.Task(Drain, u.Unit, reason)
	}
	return s.Task(Stop, u.Unit, reason)
}

func (s *AppState) Task(a Action, unit, reason string) Task {
	return Task{Action: a, Instance: s.ID, Name: s.Name, Unit: unit, Reason: reason}
}

// ShortHash is enough of a hash for people to tell revisions apart.
func ShortHash(hash string) string { return hash[:min(8, len(hash))] }
