package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Job is a command of an application that runs by the clock, or when it is asked to.
type Job struct {
	Name     string        `json:"name"`
	Schedule string        `json:"schedule,omitempty"` // systemd.time(7); empty: only by run
	Command  []string      `json:"command"`
	Timeout  time.Duration `json:"timeout_nsec"`
	CatchUp  bool          `json:"catch_up"` // runs once for what fell due while the host was down
	Unit     string        `json:"unit,omitempty"`

	Running     *JobRun    `json:"running,omitempty"`
	NextRun     *time.Time `json:"next_run,omitempty"`
	LastRun     *JobEnd    `json:"last_run,omitempty"`
	LastSuccess *time.Time `json:"last_success,omitempty"`
	Failures    int        `json:"failures"`          // runs that failed, since the job is known
	Problem     string     `json:"problem,omitempty"` // why it does not run
}

// JobRun is a run that has begun.
type JobRun struct {
	Job        string    `json:"job"`
	Unit       string    `json:"unit"`
	Invocation string    `json:"invocation"`
	StartedAt  time.Time `json:"started_at"`
}

// JobEnd is a run that has ended.
type JobEnd struct {
	Invocation string        `json:"invocation"`
	StartedAt  time.Time     `json:"started_at"`
	EndedAt    time.Time     `json:"ended_at"`
	Duration   time.Duration `json:"duration_nsec"`
	Result     string        `json:"result"` // in systemd's words: success, exit-code, signal, timeout, oom-kill, ...
	Failed     bool          `json:"failed"`
	Text       string        `json:"text"` // the result in words
	ExitCode   int           `json:"exit_code"`
}

// Jobs lists the jobs of an application.
func (c *Client) Jobs(ctx context.Context, app string) (out []Job, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "jobs"), nil, &out)
	return out, err
}

// RunJob lets a job run now, and returns as soon as it does.
func (c *Client) RunJob(ctx context.Context, app, job string) (out JobRun, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "jobs/"+url.PathEscape(job)+"/run"), nil, &out)
	return out, err
}
