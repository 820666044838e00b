package output

import (
	"fmt"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Jobs is `jobs`.
func (p *Printer) Jobs(app string, list []api.Job) error {
	if done, err := p.json(list); done {
		return err
	}
	if len(list) == 0 {
		p.infof("%s has no jobs", app)
		return nil
	}
	t := p.table("JOB", "SCHEDULE", "LAST RUN", "TOOK", "RESULT", "NEXT RUN", "PROBLEM")
	for _, j := range list {
		last, took, result := "never", "", ""
		if r := j.LastRun; r != nil {
			last, took, result = p.ago(r.StartedAt), span(r.Duration), p.jobResult(*r)
		}
		if j.Running != nil {
			last, took, result = p.ago(j.Running.StartedAt), "", p.yellow("running")
		}
		t.row(j.Name, jobSchedule(j), last, took, result, p.nextRun(j), j.Problem)
	}
	return t.flush()
}

func jobSchedule(j api.Job) string {
	if j.Schedule == "" {
		return "by nexushub run"
	}
	return j.Schedule
}

func (p *Printer) nextRun(j api.Job) string {
	switch {
	case j.NextRun != nil:
		return p.in(*j.NextRun)
	case j.Schedule != "" && j.Problem == "" && j.Running == nil:
		return "never"
	}
	return ""
}

func (p *Printer) jobResult(r api.JobEnd) string {
	if r.Failed {
		return p.red("failed: " + r.Text)
	}
	return r.Text
}

// JobStarted is `run --detach`.
func (p *Printer) JobStarted(app string, r api.JobRun) error {
	if done, err := p.json(r); done {
		return err
	}
	p.infof("started job %s of %s", r.Job, app)
	return nil
}

// JobEnded is the end of `run`.
func (p *Printer) JobEnded(app, job string, r api.JobEnd) error {
	if done, err := p.json(r); done {
		return err
	}
	if r.Failed {
		p.errorLines(fmt.Sprintf("job %s of %s failed after %s: %s", job, app, span(r.Duration), r.Text), "")
		return nil
	}
	p.infof("job %s of %s succeeded after %s", job, app, span(r.Duration))
	return nil
}

// span is how long something took.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return twoUnits(d)
}
