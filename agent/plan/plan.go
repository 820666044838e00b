package plan

import (
	"fmt"
	"slices"
	"time"
)

// Make compares what should be with what is and returns the steps that are due now: at most one
// for each unit, and one for the whole of each instance. The next ones follow from what is then,
// so an agent that dies between two steps continues where it was. It is pure.
func Make(apps []AppState, current Current, now time.Time) []Task {
	tasks := make([]Task, 0, 8)
	wanted := make(map[string]bool, len(apps))
	renewing := countRenewals(apps)
	for i := range apps {
		s := &apps[i]
		wanted[s.ID] = true
		steps := s.free(s.next())
		if len(steps) > 0 && s.renews() && !s.renewalBegun() {
			if renewing++; renewing > renewAtOnce {
				continue // it keeps serving until its turn
			}
		}
		tasks = append(tasks, steps...)
	}
	return order(append(tasks, planRemovals(wanted, current, now)...))
}

// planRemovals tears down what no provider lists any more. A provider that has not given
// its complete list removes nothing: absence of information is no removal.
func planRemovals(wanted map[string]bool, current Current, now time.Time) []Task {
	var tasks []Task
	for id, o := range current.Apps {
		list := o.Units
		if wanted[id] || len(list) == 0 || current.Partial[list[0].Kind] {
			continue
		}
		s := current.Of(unlisted(id, list), now)
		tasks = append(tasks, s.free(append(s.kills(), s.tearDown(s.Stopped, slices.Collect(s.all()))...))...)
	}
	return tasks
}

// free leaves out the steps about what has a task in hand, or failed at one just now. Of two
// steps about the same the first one stays.
func (s *AppState) free(steps []Task) []Task {
	if len(steps) == 0 {
		return nil
	}
	taken := make(map[string]bool, len(steps))
	return slices.DeleteFunc(steps, func(t Task) bool {
		subject := t.Subject()
		out := s.Busy[subject] || taken[subject]
		taken[subject] = true
		return out
	})
}

// next are the steps that are due.
func (s *AppState) next() []Task {
	steps := s.kills()
	switch {
	case s.Stopped != "":
		cleared, _ := s.clearCommands()
		return slices.Concat(steps, cleared, s.tearDown(s.Stopped, slices.Collect(s.all())))
	case s.Problem != "":
		cleared, _ := s.clearCommands()
		return slices.Concat(steps, cleared, s.routeExisting("it keeps running although "+s.Problem))
	case s.Adopted:
		return append(steps, s.routeExisting("it runs; waiting for "+s.awaited())...)
	case !s.Runs():
		cleared, _ := s.clearCommands()
		return slices.Concat(steps, cleared, s.tearDown(s.nothingToRun(), s.Others))
	case s.Trouble.GaveUp:
		return append(steps, s.reject())
	}
	before, done := s.runBefore()
	if steps = append(steps, before...); !done {
		return append(steps, s.lead()...)
	}
	steps = append(steps, s.tend()...)
	steps = append(steps, s.lead()...)
	return append(steps, s.retireOthers()...)
}

// nothingToRun is why what there is has to go.
func (s *AppState) nothingToRun() string {
	if s.Fallback {
		return "it was given up, and the last good release has files alone"
	}
	return "it has nothing to run any more"
}

// kills are for the units that should be down by now; one in hand is its task's to end.
func (s *AppState) kills() (steps []Task) {
	for u := range s.all() {
		if u.Overdue(s.Now) {
			steps = append(steps, s.Task(Kill, u.Unit,
				fmt.Sprintf("its grace period of %s is over and it has not stopped", u.StopTimeout)))
		}
	}
	return steps
}

// reject gives the wanted revision up.
func (s *AppState) reject() Task {
	worst := s.Worst()
	t := s.Task(Reject, worst.Unit, "revision "+ShortHash(s.Revision)+" did not become healthy beside the last good one: "+
		s.Of(worst.Replica)+worst.Trouble.LastExit)
	t.Run = worst.Trouble.Run
	return t
}

func (s *AppState) Task(a Action, unit, reason string) Task {
	return Task{Action: a, Instance: s.ID, Name: s.Name, Unit: unit, Reason: reason}
}

// ShortHash is enough of a hash for people to tell revisions apart.
func ShortHash(hash string) string { return hash[:min(8, len(hash))] }
