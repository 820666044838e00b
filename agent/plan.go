package agent

import (
	"cmp"
	"fmt"
	"time"
)

// Make compares what should be with what is and returns at most one step for each
// instance: the one that is due now. The next one follows from what is then, so an
// agent that dies between two steps goes on where it was. It is pure.
func Make(situations []situation, current Current, now time.Time) []Task {
	tasks := make([]Task, 0, 8)
	wanted := make(map[string]bool, len(situations))
	renewing := countRenewals(situations, current)
	for i := range situations {
		s := &situations[i]
		wanted[s.ID] = true
		if current.Busy[s.ID] {
			continue
		}
		t, ok := s.next()
		if ok && s.renews() && !s.begun() {
			ok = renewing < renewAtOnce // else it serves on until its turn
			renewing++
		}
		if ok {
			tasks = append(tasks, t)
		}
	}
	return order(append(tasks, planRemovals(wanted, current, now)...))
}

// planRemovals winds down what no provider wants any more. A provider that has not
// given its complete word removes nothing: absence of information is no removal.
func planRemovals(wanted map[string]bool, current Current, now time.Time) []Task {
	var tasks []Task
	for id, list := range current.Units {
		if wanted[id] || current.Busy[id] || len(list) == 0 || current.Partial[list[0].Kind] {
			continue
		}
		s := current.of(leftover(id, list), now)
		if u := s.overdue(); u != nil {
			tasks = append(tasks, s.task(Kill, u.Unit, s.Stopped))
		} else if t, ok := s.windDown(s.Stopped); ok {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// next is the step that is due.
func (s *situation) next() (Task, bool) {
	if u := s.overdue(); u != nil {
		return s.task(Kill, u.Unit, fmt.Sprintf("its grace period of %s is over and it has not stopped", u.StopTimeout)), true
	}
	switch {
	case s.Problem != "":
		return s.keep("it runs, and goes on although " + s.Problem)
	case s.Stopped != "":
		return s.windDown(s.Stopped)
	case s.Adopted:
		return s.keep("it runs, and its provider has not been heard yet")
	case !s.runs():
		return s.windDown("it has nothing to run any more")
	case s.trouble.GaveUp:
		return s.task(Reject, s.Unit, "revision "+short(s.Revision)+" does not get healthy beside the last good one: "+s.trouble.LastExit), true
	case s.want == nil:
		return s.bringUp()
	case s.want.Ended():
		return s.task(Stop, s.want.Unit, "it ended for good ("+s.want.lastExit()+") and is cleared away before the next start"), true
	}
	return s.tend()
}

// keep leads requests to what was found running, and leaves it at that.
func (s *situation) keep(reason string) (Task, bool) {
	for _, u := range s.others {
		if s.served == "" && u.Running() {
			return s.task(Route, u.Unit, reason), true
		}
	}
	return Task{}, false
}

// bringUp starts the wanted revision.
func (s *situation) bringUp() (Task, bool) {
	if s.trouble.waiting(s.now) {
		return Task{}, false
	}
	if s.stopFirst() && len(s.others) > 0 {
		return s.windDown("it cannot run beside revision " + short(s.Revision) + ", which replaces it (stop-first)")
	}
	if u := s.stranger(); u != nil {
		return s.windDown("it must not run beside revision " + short(u.Revision) + ", which somebody else installed and which gets other secrets")
	}
	t := s.task(Start, s.Unit, s.startReason())
	t.Spec = s.Spec
	return t, true
}

func (s *situation) startReason() string {
	switch {
	case s.trouble.Attempt > 0:
		return fmt.Sprintf("try %d after: %s", s.trouble.Attempt+1, s.trouble.LastExit)
	case s.Fallback:
		return "revision " + short(s.Revision) + " is the last that was healthy"
	case len(s.others) == 0:
		return "it should run and does not"
	case s.others[0].Release != s.Release.Hash:
		return fmt.Sprintf("release %s replaces %s", short(s.Release.Hash), short(s.others[0].Release))
	}
	return fmt.Sprintf("revision %s replaces %s: its settings changed", short(s.Revision), short(s.others[0].Revision))
}

// tend looks after the wanted unit once it is there.
func (s *situation) tend() (Task, bool) {
	switch u := s.want; {
	case u.healthy():
		return s.settle()
	case s.trouble.waiting(s.now) && s.Spec.Network != "socket":
		return s.task(Stop, u.Unit, fmt.Sprintf("failure %d in a row (%s): the agent takes over from systemd and waits longer", s.trouble.Attempt, s.trouble.LastExit)), true
	case s.failing():
		return s.task(Restart, u.Unit, s.trouble.LastExit), true
	}
	return Task{}, false
}

// failing says whether a running unit has used up its chances.
func (s *situation) failing() bool {
	return s.trouble.Attempt > 0 && !s.trouble.waiting(s.now) && s.want.Running() && outOfPatience(s.Desired, s.want, s.now)
}

// settle leads the requests to the healthy wanted unit and then clears the others away.
func (s *situation) settle() (Task, bool) {
	if s.served != s.want.Unit {
		reason := "it is healthy"
		if s.served != "" {
			reason += " and replaces " + s.served
		}
		return s.task(Route, s.want.Unit, reason), true
	}
	for _, u := range s.others {
		return s.retire(u, "revision "+short(s.Revision)+" has taken over"), true
	}
	if s.trouble.Forgiven {
		return s.task(Reset, s.want.Unit, "it has been healthy long enough to forget its failures"), true
	}
	return Task{}, false
}

// windDown ends all units of the instance: no requests, then none in flight, then stop.
func (s *situation) windDown(reason string) (Task, bool) {
	if routed := cmp.Or(s.served, s.target); routed != "" { // a proxy that was slow may have it by now
		return s.task(Unroute, routed, reason), true
	}
	all := s.others
	if s.want != nil {
		all = append(all, s.want)
	}
	for _, u := range all {
		return s.retire(u, reason), true
	}
	return Task{}, false
}

// retire is the next step to the end of one unit that gets no new requests.
func (s *situation) retire(u *Unit, reason string) Task {
	if u.Running() && !u.Drained {
		return s.task(Drain, u.Unit, reason)
	}
	return s.task(Stop, u.Unit, reason)
}

func (s *situation) task(a Action, unit, reason string) Task {
	return Task{Action: a, Instance: s.ID, Name: s.Name, Unit: unit, Reason: reason}
}

// short is enough of a hash for people.
func short(hash string) string { return hash[:min(8, len(hash))] }
