package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const jobUnit = "nexushub-job-a-test-nightly-11111111.service"

// withJobs gives an application of apps.d jobs: one by the clock and one that runs when asked to.
func withJobs(a *config.App) {
	a.Manifest.Jobs = map[string]manifest.Job{
		"nightly": {Exec: []string{"report"}, Schedule: "daily"},
		"import":  {Exec: []string{"import"}},
	}
}

// playJobs says how long a run takes and how it ends.
func (h *host) playJobs(takes time.Duration, status int) {
	h.play(func(s units.Spec) fake.Program {
		if s.Exec[0] == "report" || s.Exec[0] == "import" {
			return fake.Program{Takes: takes, Fails: status}
		}
		return fake.Program{}
	})
}

func (h *host) job(name string) api.Job {
	h.t.Helper()
	list, err := h.agent.Jobs(instanceA)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, j := range list {
		if j.Name == name {
			return j
		}
	}
	h.t.Fatalf("no job %s in %+v", name, list)
	return api.Job{}
}

// onceUnits are the units of jobs that PID 1 has.
func (h *host) onceUnits() (names []string) {
	h.t.Helper()
	list, err := h.units.Onces(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range list {
		names = append(names, s.Unit)
	}
	return names
}

func (h *host) calls(of string) (n int) {
	for _, c := range h.units.Calls() {
		if strings.HasPrefix(c, of+" ") {
			n++
		}
	}
	return n
}

func TestJobRunsByTheClock(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Minute, 0)
		h.start()
		h.wantState(instanceA, api.StateRunning)
		if j := h.job("nightly"); j.NextRun == nil || j.LastRun != nil || j.Running != nil || j.Problem != "" ||
			j.Unit != jobUnit {
			t.Errorf("before its time: %+v", j)
		}
		if j := h.job("import"); j.NextRun != nil || j.Problem != "" {
			t.Errorf("a job without a schedule: %+v", j)
		}
		h.units.Elapse(jobUnit)
		h.settle()
		if j := h.job("nightly"); j.Running == nil || j.LastRun != nil {
			t.Errorf("while it runs: %+v", j)
		}
		h.pass(2 * time.Minute)
		j := h.job("nightly")
		if j.Running != nil || j.LastRun == nil || j.LastRun.Failed || j.LastRun.Duration != time.Minute || j.Failures != 0 ||
			j.LastSuccess == nil {
			t.Errorf("after it ran: %+v", j)
		}
		if owner, ok := h.agent.Owner(jobUnit); owner != instanceA || !ok ||
			!slices.Contains(h.agent.UnitsOf(instanceA), jobUnit) {
			t.Errorf("its log belongs to %q", owner)
		}
		if len(h.unitsOf(instanceA)) != 1 {
			t.Error("its unit counts as one of the application's own")
		}
	})
}

func TestFailedJobIsCountedAndHinted(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Second, 3)
		h.start()
		for range 2 {
			h.units.Elapse(jobUnit)
			h.pass(5 * time.Second)
		}
		j := h.job("nightly")
		if j.Failures != 2 || j.LastRun == nil || !j.LastRun.Failed || j.LastRun.ExitCode != 3 ||
			j.LastRun.Text != "exit status 3" || j.LastSuccess != nil {
			t.Errorf("after two failures: %+v", j)
		}
		v := h.wantState(instanceA, api.StateRunning)
		if !slices.ContainsFunc(v.Hints, func(x api.Hint) bool {
			return x.Name == "job-failed" && strings.Contains(x.Means, "nightly") && strings.Contains(x.Means, "exit status 3")
		}) {
			t.Errorf("hints %+v", v.Hints)
		}
	})
}

func TestJobsWhileNoAgentIsThere(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Second, 0)
		h.start()
		h.kill()
		h.units.Elapse(jobUnit)
		h.pass(time.Minute)
		h.start()
		if j := h.job("nightly"); j.LastRun == nil || j.LastRun.Failed {
			t.Errorf("a run that no agent saw: %+v", j)
		}
		if n := h.calls("Schedule"); n != 1 {
			t.Errorf("its timer was made %d times", n)
		}
		// After a reboot the timer is made anew, and what was known is still known.
		h.kill()
		h.units.Reboot()
		h.boot = "boot-2"
		h.start()
		if j := h.job("nightly"); j.LastRun == nil || j.NextRun == nil {
			t.Errorf("after a reboot: %+v", j)
		}
		if n := h.calls("Schedule"); n != 2 {
			t.Errorf("its timer was made %d times, want one more after the reboot", n)
		}
	})
}

// lastRuns is a journal that knows how a job ended before the host went down.
type lastRuns struct {
	fixedJournal
	run journal.Run
}

func (j lastRuns) LastRun(context.Context, string) (journal.Run, bool, error) {
	return j.run, true, nil
}

func TestJobIsReplacedWithItsRelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(10*time.Minute, 0)
		h.start()
		h.units.Elapse(jobUnit)
		h.settle()
		run := h.job("nightly").Running
		h.releases.deploy("-2")
		h.agent.requestResolve()
		h.pass(5 * time.Second)
		if j := h.job("nightly"); j.Running == nil || run == nil || j.Running.Invocation != run.Invocation {
			t.Errorf("what ran was not left to end: %+v, before %+v", j.Running, run)
		}
		h.pass(11 * time.Minute)
		v := h.view(instanceA)
		list, err := h.units.Onces(t.Context())
		if err != nil || len(list) != 1 || list[0].Revision != v.Revision || !list[0].Scheduled {
			t.Errorf("after its end the job is of the new release: %+v, %v; want revision %s", list, err, v.Revision)
		}
		if j := h.job("nightly"); j.LastRun == nil || j.LastRun.Failed {
			t.Errorf("the run is not remembered: %+v", j)
		}
	})
}

func TestJobsStopWithTheirApplication(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Hour, 0)
		h.start()
		h.units.Elapse(jobUnit)
		h.settle()
		if _, err := h.agent.StopApp(t.Context(), instanceA); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if left := h.onceUnits(); len(left) != 0 {
			t.Errorf("units are left: %v", left)
		}
		if j := h.job("nightly"); !strings.Contains(j.Problem, "nexushub stop") {
			t.Errorf("the job of what is stopped: %+v", j)
		}
		if _, err := h.agent.RunJob(t.Context(), instanceA, "nightly"); !errors.Is(err, api.NotRunning) {
			t.Errorf("a run of what is stopped: %v", err)
		}
		if _, err := h.agent.StartApp(t.Context(), instanceA); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if left := h.onceUnits(); !slices.Equal(left, []string{jobUnit}) {
			t.Errorf("units after the start: %v", left)
		}
		// Whoever removes an application removes its jobs.
		h.config.Apps = nil
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(10 * time.Second)
		if left := h.onceUnits(); len(left) != 0 {
			t.Errorf("units are left of what is removed: %v", left)
		}
		if len(h.agent.jobs.records) != 0 {
			t.Errorf("records are left of what is removed: %v", h.agent.jobs.records)
		}
	})
}

func TestRunJob(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Minute, 0)
		h.start()
		for _, name := range []string{"nightly", "import", "import"} { // what has run can run again
			run, err := h.agent.RunJob(t.Context(), instanceA, name)
			if err != nil || run.Invocation == "" || run.Job != name {
				t.Fatalf("run of %s: %+v, %v", name, run, err)
			}
			if _, err := h.agent.RunJob(t.Context(), instanceA, name); !errors.Is(err, api.Conflict) {
				t.Errorf("a second run beside the first: %v", err)
			}
			h.pass(2 * time.Minute)
			if j := h.job(name); j.LastRun == nil || j.LastRun.Invocation != run.Invocation || j.LastRun.ExitCode != 0 {
				t.Errorf("after a run: %+v", j)
			}
		}
		for name, want := range map[string]string{"nightli": "did you mean nightly", "x": "only import, nightly"} {
			if _, err := h.agent.RunJob(t.Context(), instanceA, name); !errors.Is(err, api.NotFound) ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("a run of %s: %v", name, err)
			}
		}
		if left := h.onceUnits(); !slices.Equal(left, []string{jobUnit}) {
			t.Errorf("units: %v", left)
		}
	})
}

func TestJobThatCannotBeMadeSaysWhy(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.units.Fail("Schedule", units.ErrTimeout)
		h.start()
		if j := h.job("nightly"); !strings.Contains(j.Problem, units.ErrTimeout.Error()) {
			t.Errorf("job %+v", j)
		}
		h.wantState(instanceA, api.StateRunning)
		h.units.Fail("Schedule", nil)
		h.pass(time.Minute)
		if j := h.job("nightly"); j.Problem != "" || j.NextRun == nil {
			t.Errorf("once it can be made: %+v", j)
		}
	})
}

// TestRunThatNobodySaw: the host went down at the end of a run, or during it.
func TestRunThatNobodySaw(t *testing.T) {
	for name, c := range map[string]struct {
		run    journal.Run
		result string
	}{
		"succeeded":   {journal.Run{Invocation: "x", StartedAt: time.Unix(100, 0), EndedAt: time.Unix(160, 0)}, "success"},
		"interrupted": {journal.Run{Invocation: "x", StartedAt: time.Unix(100, 0)}, "interrupted"},
		"failed": {journal.Run{Invocation: "x", StartedAt: time.Unix(100, 0), EndedAt: time.Unix(160, 0),
			Exit: journal.Exit{Code: "exited", Status: 4, Result: "exit-code"}}, "exit-code"},
	} {
		t.Run(name, func(t *testing.T) {
			onHost(t, func(t *testing.T, h *host) {
				h.journal = lastRuns{run: c.run}
				h.app(instanceA, "a.test", withJobs)
				h.start()
				j := h.job("nightly")
				if j.LastRun == nil || j.LastRun.Result != c.result || j.LastRun.Failed != (c.result != "success") {
					t.Errorf("last run %+v, want %s", j.LastRun, c.result)
				}
			})
		})
	}
}

// TestRunThatHasJustBegun: the timer that the agent makes at its start may run the job at once, before
// the journal was read. That run is not one that nobody saw the end of.
func TestRunThatHasJustBegun(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.journal = lastRuns{run: journal.Run{Invocation: "x", StartedAt: time.Now().Add(time.Hour)}}
		h.app(instanceA, "a.test", withJobs)
		h.start()
		if j := h.job("nightly"); j.LastRun != nil || j.Failures != 0 {
			t.Errorf("job %+v, last run %+v", j, j.LastRun)
		}
	})
}

// TestRunByHandForgivesNothing: that a job runs when asked to says nothing of whether its timer can be
// made, and what is kept of a job goes with it.
func TestRunByHandForgivesNothing(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(instanceA, "a.test", withJobs)
		h.playJobs(time.Second, 0)
		h.units.Fail("Schedule", units.ErrTimeout)
		h.start()
		tried := h.calls("Schedule")
		for range 5 {
			if _, err := h.agent.RunJob(t.Context(), instanceA, "nightly"); err != nil {
				t.Fatal(err)
			}
			h.pass(2 * time.Second)
		}
		if n := h.calls("Schedule"); n != tried {
			t.Errorf("its timer was tried %d times more", n-tried)
		}
		if j := h.job("nightly"); !strings.Contains(j.Problem, units.ErrTimeout.Error()) {
			t.Errorf("job %+v", j)
		}
		h.config.Apps = nil
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(3 * time.Minute)
		k := h.agent.jobs
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.faults)+len(k.asked) != 0 {
			t.Errorf("kept of a job that is gone: %v, %v", k.faults, k.asked)
		}
	})
}

// slowUnits are of a PID 1 that takes a while, longer to tell of all than to make one.
type slowUnits struct {
	*fake.Manager
	asked atomic.Int32
}

func (u *slowUnits) Onces(ctx context.Context) ([]units.OnceStatus, error) {
	u.asked.Add(1)
	time.Sleep(200 * time.Millisecond)
	return u.Manager.Onces(ctx)
}

func (u *slowUnits) Schedule(ctx context.Context, o units.Once) error {
	time.Sleep(10 * time.Millisecond)
	return u.Manager.Schedule(ctx, o)
}

// TestManyJobsAtBoot: PID 1 is not asked about all of them after each that was made.
func TestManyJobsAtBoot(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		const many = 1000
		pid1 := &slowUnits{Manager: h.units}
		k, err := newJobKeeper(Options{Units: pid1, Journal: h.journal, State: h.state, Log: slog.New(h.log)},
			newExecutor(Options{Config: h.config}, nil, nil, nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		var jobs plan.Jobs
		for n := range many {
			jobs.List = append(jobs.List, units.Once{Spec: units.Spec{Instance: instanceA, Name: "a"},
				Job: fmt.Sprint("j", n), Exec: []string{"x"}, Schedule: "daily"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := k.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		k.want(map[string]plan.Jobs{instanceA: jobs}, nil)
		h.pass(time.Minute)
		if n := h.calls("Schedule"); n != many {
			t.Errorf("%d timers were made, want %d", n, many)
		}
		if n := pid1.asked.Load(); n > 10 {
			t.Errorf("PID 1 was asked %d times about all", n)
		}
		cancel()
		running.Wait()
	})
}
