package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// withJob serves a revision whose release has a job.
func withJob(schedule string) *Desired {
	m := manifest.Default()
	m.Jobs = map[string]manifest.Job{"nightly": {Exec: []string{"bin/report", "$STATE_DIRECTORY"}, Schedule: schedule}}
	spec := units.Spec{Instance: instanceA, Name: "a", Kind: KindStatic, Exec: []string{"bin/app"}}
	return &Desired{Instance: Instance{ID: instanceA}, Manifest: m, Spec: spec, Revision: spec.Revision(),
		Good: &Good{Revision: spec.Revision(), Spec: spec, Manifest: m}}
}

func TestJobsOf(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Desired)
		want    int
		kept    bool
		stopped bool
	}{
		"it serves":                {func(*Desired) {}, 1, false, false},
		"it is stopped":            {func(d *Desired) { d.Stopped = "by an operator" }, 0, false, true},
		"its package is gone":      {func(d *Desired) { d.Problem = "no such file" }, 0, true, false},
		"nobody knows it":          {func(d *Desired) { d.Adopted = true }, 0, true, false},
		"it has never served":      {func(d *Desired) { d.Good = nil }, 0, true, false},
		"a new release has none":   {func(d *Desired) { d.Revision, d.Manifest.Jobs = "new", nil }, 1, false, false},
		"the old release had none": {func(d *Desired) { d.Revision, d.Good.Manifest.Jobs = "new", nil }, 0, false, false},
		"an operator takes it off": {func(d *Desired) { d.Manifest.Jobs = nil }, 0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := withJob("daily")
			c.change(d)
			jobs := JobsOf(d)
			if len(jobs.List) != c.want || jobs.Kept != c.kept || jobs.Stopped != c.stopped {
				t.Errorf("got %+v", jobs)
			}
			for _, o := range jobs.List {
				if !o.Expand || o.LimitSec != 3600 || o.Schedule != "daily" || o.Spec.Revision() != d.Good.Revision {
					t.Errorf("job %+v", o)
				}
			}
		})
	}
}

func TestPlanJobs(t *testing.T) {
	o := JobsOf(withJob("daily")).List[0]
	byHand := JobsOf(withJob("")).List[0]
	wants := func(o ...units.Once) map[string]Jobs { return map[string]Jobs{instanceA: {List: o}} }
	seen := func(change ...func(*units.OnceStatus)) []units.OnceStatus {
		s := units.OnceStatus{Scheduled: true, Next: noon.Add(time.Hour), Status: units.Status{Unit: o.UnitName(),
			Instance: instanceA, Kind: KindStatic, JobName: "nightly", Definition: o.Definition(), LoadState: "loaded",
			ActiveState: "inactive", SubState: "dead"}}
		for _, f := range change {
			f(&s)
		}
		return []units.OnceStatus{s}
	}
	runs := func(s *units.OnceStatus) { s.ActiveState, s.SubState = "activating", "start" }
	failed := func(s *units.OnceStatus) { s.ActiveState, s.SubState = "failed", "failed" }
	exited := func(s *units.OnceStatus) { s.ActiveState, s.SubState = "active", "exited" }
	older := func(s *units.OnceStatus) { s.Definition = "older" }
	bare := func(s *units.OnceStatus) { s.Scheduled = false }
	soon := func(s *units.OnceStatus) { s.Next = noon.Add(elapseGuard / 4) }
	release := units.OnceStatus{Status: units.Status{Unit: units.ReleasePrefix + "a-1.service", LoadState: "loaded"}}
	for _, c := range []struct {
		name   string
		wanted map[string]Jobs
		seen   []units.OnceStatus
		want   string // action, "!" where what runs is stopped, reason
	}{
		{"new", wants(o), nil, "schedule it should run at daily"},
		{"as it should be", wants(o), seen(), ""},
		{"it failed", wants(o), seen(failed), ""},
		{"it runs", wants(o), seen(runs), ""},
		{"another definition", wants(o), seen(older), "replace revision"},
		{"another definition, and it runs", wants(o), seen(older, runs), ""},
		{"another definition, and it is about to run", wants(o), seen(older, soon), ""},
		{"its timer was stopped", wants(o), seen(bare), "replace its timer has stopped"},
		{"its timer was stopped, and it runs", wants(o), seen(bare, runs), ""},
		{"no job any more", wants(), seen(), "discard nightly is no job any more"},
		{"no job any more, and it runs", wants(), seen(runs), ""},
		{"its schedule was taken away", wants(byHand), seen(), "discard it has ended"},
		{"by hand, at rest", wants(byHand), nil, ""},
		{"by hand, and it runs", wants(byHand), seen(bare, runs), ""},
		{"by hand, ended", wants(byHand), seen(bare, exited), "discard it has ended"},
		{"by hand, failed", wants(byHand), seen(bare, failed), "discard it has ended"},
		{"its application is stopped", map[string]Jobs{instanceA: {Stopped: true}}, seen(runs), "discard! its application is to stop"},
		{"its application is gone", map[string]Jobs{}, seen(runs), "discard! its application is gone"},
		{"nothing is known", map[string]Jobs{instanceA: {Kept: true}}, seen(older), ""},
		{"a release command is no job", map[string]Jobs{}, []units.OnceStatus{release}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tasks, again := PlanJobs(c.wanted, c.seen, nil, noon)
			got := ""
			for _, task := range tasks {
				if task.Unit != o.UnitName() {
					t.Errorf("task for the unit %s", task.Unit)
				}
				got = task.Action.String() + map[bool]string{true: "!"}[task.Kill] + " " + task.Reason
			}
			if len(tasks) > 1 || !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("tasks %+v, want %q", tasks, c.want)
			}
			if later := strings.Contains(c.name, "about to run"); later != again.After(noon) {
				t.Errorf("look again at %s", again)
			}
		})
	}
	if tasks, _ := PlanJobs(map[string]Jobs{}, seen(), map[string]bool{KindStatic: true}, noon); len(tasks) != 0 {
		t.Errorf("a provider that has given no list removes a job: %+v", tasks)
	}
}

func TestJobRecord(t *testing.T) {
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	status := func(id, active, sub, result string, e units.Exit) units.OnceStatus {
		return units.OnceStatus{Status: units.Status{Invocation: id, ActiveState: active, SubState: sub, Result: result,
			StartedAt: at(0), LastExit: e, Since: at(2), LoadState: "loaded"}}
	}
	exited := func(code int) units.Exit { return units.Exit{Code: units.CodeExited, Status: code, At: at(1)} }
	killed := func(signal int) units.Exit { return units.Exit{Code: units.CodeKilled, Status: signal, At: at(1)} }
	for _, c := range []struct {
		name string
		s    units.OnceStatus
		ends bool
		text string
		code int
	}{
		{"never ran", status("", "inactive", "dead", "success", units.Exit{}), false, "", 0},
		{"runs", status("1", "activating", "start", "success", units.Exit{}), false, "", 0},
		{"succeeded", status("1", "inactive", "dead", "success", exited(0)), true, "success", 0},
		{"succeeded, kept", status("1", "active", "exited", "success", exited(0)), true, "success", 0},
		{"failed", status("1", "failed", "failed", "exit-code", exited(3)), true, "exit status 3", 3},
		{"killed", status("1", "failed", "failed", "signal", killed(9)), true, "killed by signal 9 (SIGKILL)", 137},
		{"took too long", status("1", "failed", "failed", "timeout", killed(15)), true, "killed by", 124},
		{"could not begin", status("1", "failed", "failed", "resources", units.Exit{}), true, "resources", 1},
	} {
		run, ended := EndOf(c.s)
		if ended != c.ends || ended && (!strings.Contains(run.Text(), c.text) || run.Code() != c.code ||
			run.EndedAt.Before(run.StartedAt)) {
			t.Errorf("%s: %+v (%s, %d), %v", c.name, run, run.Text(), run.Code(), ended)
		}
	}
	var r JobRecord
	see := func(id string, minute int, result string, news bool) {
		t.Helper()
		if r.See(JobRun{Invocation: id, StartedAt: at(minute), EndedAt: at(minute + 1), Result: result}) != news {
			t.Errorf("run %s is news: %v", id, !news)
		}
	}
	see("1", 1, "success", true)
	see("1", 1, "success", false)
	see("2", 2, "exit-code", true)
	if r.Recall(JobRun{Invocation: "1", StartedAt: at(1), EndedAt: at(2), Result: "success"}) {
		t.Error("what the journal tells of is older, and taken for news")
	}
	if r.Failures != 1 || !r.LastSuccess.Equal(at(2)) || r.Last.Invocation != "2" {
		t.Errorf("record %+v", r)
	}
	see("3", 0, "success", true) // somebody has set the clock back
	if !r.Last.StartedAt.Equal(at(0)) {
		t.Errorf("the last run is %+v", r.Last)
	}
}
