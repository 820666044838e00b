package agent

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

// jobs are those of application 1. Each writes a line into the application's state folder.
const jobs = `
[jobs.tick]
exec = ["/bin/sh", "-c", "date +%s >>$STATE_DIRECTORY/ticks"]
schedule = "*:*:0/2"
[jobs.once]
exec = ["/bin/sh", "-c", "echo once >>$STATE_DIRECTORY/once"]
schedule = "SCHEDULE"
[jobs.bad]
exec = ["/bin/sh", "-c", "env >$STATE_DIRECTORY/env; ls /run/nexushub; echo no paint >&2; exit 3"]
[jobs.slow]
exec = ["/bin/sleep", "600"]
[jobs.late]
exec = ["/bin/sleep", "600"]
timeout = "1s"
`

// jobOf is what the command line says of a job of application 1.
func jobOf(t *testing.T, h *faults.Host, name string) api.Job {
	t.Helper()
	var list []api.Job
	if err := json.Unmarshal([]byte(h.Must(t, "nexushub", "jobs", faults.Name(1), "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, j := range list {
		if j.Name == name {
			return j
		}
	}
	return api.Job{}
}

func lines(t *testing.T, h *faults.Host, file string) int {
	t.Helper()
	var n int
	out := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/"+file+" 2>/dev/null | wc -l")
	if _, err := fmt.Sscan(out, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	stopAgent  = "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd"
	startAgent = "systemctl start nexushubd.socket nexushubd-debug.socket nexushubd"
)

// TestJobs: PID 1 runs them by the clock, whatever becomes of the agent, and the agent knows how each
// run ended.
func TestJobs(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		app := faults.Name(1)
		soon := strings.TrimSpace(h.Sh(t, "date -d '+12 seconds' '+%Y-%m-%d %H:%M:%S'"))
		h.Define(t, 1, strings.Replace(jobs, "SCHEDULE", soon, 1))
		h.Reload(t)
		h.AllRun(t, 1)
		ticks := func(least int) {
			t.Helper()
			lab.Within(t, faults.Patience, "the clock runs the job", func() error {
				n := lines(t, h, "ticks")
				return lab.Unless(n >= least, "it ran %d times, want %d", n, least)
			})
		}
		ticks(2)
		h.Sh(t, stopAgent)
		before := lines(t, h, "ticks")
		ticks(before + 2)
		lab.Within(t, faults.Patience, "what falls due while no agent is there runs", func() error {
			n := lines(t, h, "once")
			return lab.Unless(n > 0, "it ran %d times", n)
		})
		h.Sh(t, startAgent)
		lab.Within(t, faults.Patience, "the agent knows of the run", func() error {
			j := jobOf(t, h, "once")
			return lab.Unless(j.LastRun != nil && !j.LastRun.Failed && j.NextRun == nil, "job %+v", j)
		})
		h.Sh(t, "systemctl daemon-reload; systemctl kill -s KILL nexushubd")
		ticks(lines(t, h, "ticks") + 2)
		if n := lines(t, h, "once"); n != 1 {
			t.Errorf("what was due once ran %d times", n)
		}
		if j := jobOf(t, h, "tick"); j.LastRun == nil || j.LastRun.Failed || j.NextRun == nil && j.Running == nil ||
			j.Failures > 0 {
			t.Errorf("job %+v", j)
		}
		checkFailedJob(t, h, app)
		checkSlowJob(t, h, app)
		checkStoppedJobs(t, h, app)
		checkCatchUp(t, h, app)
	})
}

// checkFailedJob: it runs as the application does, and everybody learns why it failed.
func checkFailedJob(t *testing.T, h *faults.Host, app string) {
	out, err := h.Try(t, "nexushub", "run", app, "bad")
	if !strings.Contains(out, "no paint") || err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("run: %s (%v)", out, err)
	}
	env := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/env")
	user := strings.TrimSpace(h.Sh(t, "systemctl show -P User "+h.App(t, 1).Unit))
	for _, want := range []string{"INSTANCE_ID=" + faults.ID(1), "INTERNAL_SECRET=", "NEXUSHUB_JOB=bad",
		"USER=" + user + "\n"} {
		if !strings.Contains(env, want) {
			t.Errorf("the job has not %q:\n%s", want, env)
		}
	}
	if strings.Contains(env, "\nPORT=") || strings.Contains(out, "env") {
		t.Errorf("the job has a port, or sees /run/nexushub: %s\n%s", out, env)
	}
	log := h.Must(t, "nexushub", "logs", app, "--job", "bad", "-n", "all")
	for _, want := range []string{"bad ", "no paint", "status=3"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log of the job does not say %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, "tick ") || strings.Contains(log, "listening") {
		t.Errorf("it has lines of others:\n%s", log)
	}
	if all := h.Must(t, "nexushub", "logs", app, "-n", "all"); !strings.Contains(all, "no paint") {
		t.Errorf("the log of the application leaves its jobs out:\n%s", all)
	}
	if status := h.Must(t, "nexushub", "status", app); !strings.Contains(status, "its job bad failed at its last run: exit status 3") {
		t.Errorf("status:\n%s", status)
	}
	counted := h.Sh(t, "curl -s --unix-socket /run/nexushub/metrics.sock http://x/metrics | grep '^nexushub_job_'")
	for _, want := range []string{`nexushub_job_failures_total{app="app1",job="bad"} 1`,
		`nexushub_job_last_success_timestamp_seconds{app="app1",job="once"} 1`} {
		if !strings.Contains(counted, want) {
			t.Errorf("metrics lack %s:\n%s", want, counted)
		}
	}
}

// checkSlowJob: it runs once at a time, and not longer than it may.
func checkSlowJob(t *testing.T, h *faults.Host, app string) {
	h.Must(t, "nexushub", "run", app, "slow", "--detach")
	if out, err := h.Try(t, "nexushub", "run", app, "slow"); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Errorf("a second run: %s (%v)", out, err)
	}
	if out, err := h.Try(t, "nexushub", "run", app, "late"); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("a run that takes too long: %s (%v)", out, err)
	}
	if j := jobOf(t, h, "late"); j.LastRun == nil || j.LastRun.Result != "timeout" || j.LastRun.ExitCode != 124 {
		t.Errorf("job %+v", j)
	}
}

func checkStoppedJobs(t *testing.T, h *faults.Host, app string) {
	h.Must(t, "nexushub", "stop", app)
	lab.Within(t, faults.Patience, "its jobs stop with it", func() error {
		left := h.Sh(t, "systemctl list-units --all --plain --no-legend 'nexushub-job-*'")
		return lab.Unless(strings.TrimSpace(left) == "", "units are left:\n%s", left)
	})
	if out, err := h.Try(t, "nexushub", "run", app, "bad"); err == nil || !strings.Contains(err.Error(), "is stopped") {
		t.Errorf("a run of what is stopped: %s (%v)", out, err)
	}
	h.Must(t, "nexushub", "start", app)
	lab.Within(t, faults.Patience, "its jobs are back", func() error {
		j := jobOf(t, h, "tick")
		return lab.Unless(j.NextRun != nil, "job %+v", j)
	})
}

// checkCatchUp: what fell due while the host was down runs once if it says so, and else not.
func checkCatchUp(t *testing.T, h *faults.Host, app string) {
	const daily = `
[jobs.%s]
exec = ["/bin/sh", "-c", "echo x >>$STATE_DIRECTORY/%[1]s"]
schedule = "*-*-* 00:00:00"
`
	h.Define(t, 1, fmt.Sprintf(daily, "caught")+"catch_up = true\n"+fmt.Sprintf(daily, "missed"))
	h.Reload(t)
	lab.Within(t, faults.Patience, "both are scheduled", func() error {
		a, b := jobOf(t, h, "caught"), jobOf(t, h, "missed")
		return lab.Unless(a.NextRun != nil && b.NextRun != nil, "jobs %+v, %+v", a, b)
	})
	h.Sh(t, "touch -d '3 days ago' /var/lib/systemd/timers/stamp-nexushub-job-*; sync") // the host was down since
	h.MustReboot(t)
	h.AllRun(t, 1)
	lab.Within(t, faults.Patience, "what fell due is made up for", func() error {
		j := jobOf(t, h, "caught")
		return lab.Unless(j.LastRun != nil && !j.LastRun.Failed && j.NextRun != nil, "job %+v", j)
	})
	if n, m := lines(t, h, "caught"), lines(t, h, "missed"); n != 1 || m != 0 {
		t.Errorf("after the reboot the one that catches up ran %d times, the other %d times", n, m)
	}
}
