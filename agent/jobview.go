package agent

import (
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

// Jobs lists the jobs of an application, by name.
func (a *Agent) Jobs(nameOrID string) ([]api.Job, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.find(nameOrID)
	if err != nil {
		return nil, err
	}
	return a.jobsOf(d), nil
}

// jobsOf lists them. The caller holds mu.
func (a *Agent) jobsOf(d *plan.Desired) []api.Job {
	jobs := a.jobsFor(d)
	units := map[string]units.Once{}
	for _, o := range jobs.List {
		units[o.Job] = o
	}
	m := d.Manifest
	if d.Good != nil && d.Good.Revision != d.Revision {
		m = d.Good.Manifest
	}
	var list []api.Job
	for _, name := range m.JobNames() {
		j := m.Jobs[name]
		v := api.Job{Name: name, Schedule: j.Schedule, Command: j.Exec, Timeout: j.Limit(), CatchUp: j.CatchesUp()}
		if o, made := units[name]; made {
			a.jobs.view(&v, o)
		} else if d.Stopped != "" {
			v.Problem = "does not run: " + d.Stopped
		} else {
			v.Problem = "does not run yet: its application has not served"
		}
		list = append(list, v)
	}
	return list
}

// view fills in what is known of a job that is to run.
func (k *jobKeeper) view(v *api.Job, o units.Once) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v.Unit = o.UnitName()
	s, there := k.seen[v.Unit]
	if there && s.Due() {
		v.Running = &api.JobRun{Job: v.Name, Unit: v.Unit, Invocation: s.Invocation, StartedAt: s.StartedAt}
	}
	if there && s.Scheduled && !s.Next.IsZero() {
		v.NextRun = &s.Next
	}
	if f := k.faults[v.Unit]; f.err != nil {
		v.Problem = f.err.Error()
	}
	r := k.records[v.Unit]
	if r == nil {
		return
	}
	v.Failures = r.Failures
	if !r.LastSuccess.IsZero() {
		v.LastSuccess = &r.LastSuccess
	}
	v.LastRun = viewRun(r.Last)
}

func viewRun(r plan.JobRun) *api.JobEnd {
	return &api.JobEnd{Invocation: r.Invocation, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		Duration: r.EndedAt.Sub(r.StartedAt), Result: r.Result, Failed: !r.Succeeded(), Text: r.Text(), ExitCode: r.Code()}
}

// failed is the first by name of the jobs of an instance whose last run failed, and how that ended.
func (k *jobKeeper) failed(instance string) (job, end string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.records {
		if r.Instance == instance && !r.Last.Succeeded() && (job == "" || r.Job < job) {
			job, end = r.Job, r.Last.Text()
		}
	}
	return job, end
}
