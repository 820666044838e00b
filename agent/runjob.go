package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/nearest"
	"github.com/nexushub/nexushub/units"
)

const (
	// beginLimit is how long PID 1 may take to begin a run.
	beginLimit = 20 * time.Second
	// beginPoll is how often it is asked whether it has.
	beginPoll = 20 * time.Millisecond
)

// jobRun is a run that somebody asks for.
type jobRun struct {
	ctx    context.Context
	once   units.Once
	begun  units.Status
	answer chan error // capacity 1
}

// RunJob lets a job run now, and returns as soon as it does.
func (a *Agent) RunJob(ctx context.Context, nameOrID, job string) (api.JobRun, error) {
	name, once, err := a.runnable(nameOrID, job)
	if err != nil {
		return api.JobRun{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, beginLimit)
	defer cancel()
	r := &jobRun{ctx: ctx, once: once, answer: make(chan error, 1)}
	select {
	case a.jobs.runs <- r:
	case <-ctx.Done():
		return api.JobRun{}, ctx.Err()
	}
	select {
	case err = <-r.answer:
	case <-ctx.Done():
		err = fmt.Errorf("job %s of %s has not begun yet: its unit %s is being changed: %w", job, name, once.UnitName(),
			api.Timeout)
	}
	if errors.Is(err, units.ErrUnitExists) {
		err = fmt.Errorf("job %s of %s runs already, and no second run begins beside it: %w", job, name, api.Conflict)
	}
	if err != nil {
		return api.JobRun{}, err
	}
	return api.JobRun{Job: job, Unit: r.begun.Unit, Invocation: r.begun.Invocation, StartedAt: r.begun.StartedAt}, nil
}

// jobsFor are the jobs of an application, with what the host has of name servers now.
func (a *Agent) jobsFor(d *plan.Desired) plan.Jobs {
	jobs := plan.JobsOf(d)
	for i := range jobs.List {
		jobs.List[i].Resolvers = openResolvers(jobs.List[i].Spec)
	}
	return jobs
}

// runnable is the job as it would run now, or why it cannot.
func (a *Agent) runnable(nameOrID, job string) (name string, o units.Once, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.find(nameOrID)
	if err != nil {
		return "", o, err
	}
	if names := d.Manifest.JobNames(); d.Manifest.Jobs[job].Exec == nil {
		return d.Name, o, noSuchJob(d.Name, job, names)
	}
	jobs := a.jobsFor(d)
	for _, o := range jobs.List {
		if o.Job == job {
			return d.Name, o, nil
		}
	}
	switch {
	case jobs.Stopped:
		err = fmt.Errorf("%s is stopped (%s), and so are its jobs: %w", d.Name, d.Stopped, api.NotRunning)
	case d.Problem != "":
		err = fmt.Errorf("%s: %s: %w", d.Name, d.Problem, api.Failed)
	case !d.Runs():
		err = fmt.Errorf("%s has no process, only files, and a job runs in the surroundings of a process: %w", d.Name,
			api.NotRunning)
	default:
		err = fmt.Errorf("job %s is of a release of %s that has not served yet: %w", job, d.Name, api.NotRunning)
	}
	return d.Name, o, err
}

func noSuchJob(app, job string, known []string) error {
	switch at := nearest.Index(job, known); {
	case len(known) == 0:
		return fmt.Errorf("%s has no jobs, they come from [jobs.NAME] in its nexushub.toml: %w", app, api.NotFound)
	case at >= 0:
		return fmt.Errorf("%s has no job %q, did you mean %s: %w", app, job, known[at], api.NotFound)
	}
	return fmt.Errorf("%s has no job %q, only %s: %w", app, job, strings.Join(known, ", "), api.NotFound)
}

// begin asks PID 1 and waits until the run has begun, or is over already.
func (r *jobRun) begin(k *jobKeeper, before string) {
	err := k.prepare(r.once.Spec.Instance)
	if err == nil {
		err = k.units.Begin(r.ctx, r.once)
	}
	poll := time.NewTicker(beginPoll)
	defer poll.Stop()
	for err == nil {
		if r.begun, err = k.units.Get(r.ctx, r.once.UnitName()); err != nil || ran(r.begun) && r.begun.Invocation != before {
			break
		}
		select {
		case <-poll.C:
		case <-r.ctx.Done():
			err = r.ctx.Err()
		}
	}
	r.answer <- err
}

// ran says that a unit has begun to run at least once.
func ran(s units.Status) bool { return strings.Trim(s.Invocation, "0") != "" && !s.StartedAt.IsZero() }
