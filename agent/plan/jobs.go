package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/units"
)

// Jobs are those that an application is to have now.
type Jobs struct {
	List []units.Once
	// Kept: nothing is known of the application that would change them, and they stay as they are.
	Kept    bool
	Stopped bool // the application is not to run, and what runs of it is stopped
}

// Has says whether one of them has the unit.
func (j Jobs) Has(unit string) bool {
	return slices.ContainsFunc(j.List, func(o units.Once) bool { return o.UnitName() == unit })
}

// JobsOf are the jobs of an application: in the surroundings of the revision that served last in good
// health, as the manifest of its release says. They run while the application is to run, whether it is
// well or not.
func JobsOf(d *Desired) Jobs {
	switch {
	case d.Stopped != "":
		return Jobs{Stopped: true}
	case d.Problem != "" || d.Adopted || d.Good == nil:
		return Jobs{Kept: true}
	case !d.Good.Runs():
		return Jobs{}
	}
	m := d.Good.Manifest
	if d.Good.Revision == d.Revision {
		m = d.Manifest // jobs are no part of a revision
	}
	var jobs Jobs
	for _, name := range m.JobNames() {
		j := m.Jobs[name]
		jobs.List = append(jobs.List, units.Once{
			Spec: d.Good.Spec, Job: name, Exec: j.Exec, Expand: startcmd.Refers(j.Exec), Schedule: j.Schedule,
			CatchUp: j.CatchesUp(), LimitSec: j.Limit().Seconds(),
		})
	}
	return jobs
}

// JobAction is what is done with the units of a job.
type JobAction int

// The actions.
const (
	Schedule JobAction = iota // make its timer
	Replace                   // make it anew, as it is defined now
	Discard                   // take it away, and what runs of it
)

func (a JobAction) String() string { return [...]string{"schedule", "replace", "discard"}[a] }

// JobTask is one step towards the jobs that should be, and why it is taken.
type JobTask struct {
	Action JobAction
	Unit   string
	Of     string     // instance
	Once   units.Once // Schedule, Replace
	Kill   bool       // Discard: also if it runs
	Reason string
}

// elapseGuard is how close to its time a timer is left alone: to make it anew takes a moment, in which
// what falls due would be lost.
const elapseGuard = time.Second

// PlanJobs compares the jobs that should be with those that are, by instance. What runs is left to end,
// unless its application is to stop. An instance that is not wanted at all is gone. again is when to
// look again; zero: when something happens.
func PlanJobs(wanted map[string]Jobs, seen []units.OnceStatus, partial map[string]bool, now time.Time) (tasks []JobTask,
	again time.Time) {
	there := map[string]*units.OnceStatus{}
	for i := range seen {
		there[seen[i].Unit] = &seen[i]
	}
	named := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		for _, o := range wanted[id].List {
			s := there[o.UnitName()]
			named[o.UnitName()] = true
			t, ok := planJob(o, s)
			if ok && t.Action == Replace && s.Scheduled && nearlyDue(s, now) {
				again = s.Next.Add(elapseGuard / 2)
				continue
			}
			if ok {
				tasks = append(tasks, t)
			}
		}
	}
	for i := range seen {
		if s := &seen[i]; s.JobName != "" && !named[s.Unit] {
			if t, ok := dropJob(s, wanted, partial); ok {
				tasks = append(tasks, t)
			}
		}
	}
	return tasks, again
}

// nearlyDue: what is due each second never is anything else.
func nearlyDue(s *units.OnceStatus, now time.Time) bool {
	left := s.Next.Sub(now)
	return left > 0 && left < elapseGuard/2
}

func planJob(o units.Once, s *units.OnceStatus) (JobTask, bool) {
	task := func(a JobAction, reason string) (JobTask, bool) {
		return JobTask{Action: a, Unit: o.UnitName(), Of: o.Spec.Instance, Once: o, Reason: reason}, true
	}
	switch {
	case s == nil && o.Schedule != "":
		return task(Schedule, "it should run at "+o.Schedule)
	case s == nil, s.Due():
		return JobTask{}, false
	case o.Schedule == "":
		return task(Discard, "it has ended")
	case s.Definition != o.Definition():
		return task(Replace, "revision "+ShortHash(o.Spec.Revision())+" defines it")
	case !s.Scheduled:
		return task(Replace, "its timer has stopped")
	}
	return JobTask{}, false
}

// dropJob takes away what is not wanted any more.
func dropJob(s *units.OnceStatus, wanted map[string]Jobs, partial map[string]bool) (JobTask, bool) {
	of, listed := wanted[s.Instance]
	task := JobTask{Action: Discard, Unit: s.Unit, Of: s.Instance}
	switch {
	case of.Kept, !listed && partial[s.Kind]:
		return task, false
	case !listed:
		task.Reason, task.Kill = "its application is gone", true
	case of.Stopped:
		task.Reason, task.Kill = "its application is to stop", true
	case s.Due():
		return task, false
	default:
		task.Reason = fmt.Sprintf("%s is no job any more", s.JobName)
	}
	return task, true
}
