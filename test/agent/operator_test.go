package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

func TestOperatorsSystemctlIsRespected(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 2)
		unit := h.App(t, 1).Unit
		before := h.App(t, 2)
		h.Must(t, "systemctl", "restart", unit)
		h.Reaches(t, 1, api.StateRunning)
		h.Must(t, "systemctl", "stop", unit)
		if app := h.Reaches(t, 1, api.StateStopped); !strings.Contains(app.Why, "stopped by operator") {
			t.Errorf("why = %q", app.Why)
		}
		since := h.App(t, 1).Since
		h.Must(t, "systemctl", "restart", "nexushubd")
		if app := h.Reaches(t, 1, api.StateStopped); !app.Since.Equal(since) || app.Error != "" {
			t.Errorf("stopped since %s with error %q, was since %s", app.Since, app.Error, since)
		}
		h.Must(t, "nexushub", "start", faults.Name(1))
		h.Reaches(t, 1, api.StateRunning)
		if after := h.Reaches(t, 2, api.StateRunning); after.PID != before.PID || !after.Since.Equal(before.Since) {
			t.Errorf("the other application has PID %d since %s, had %d since %s", after.PID, after.Since, before.PID,
				before.Since)
		}
		if out := h.Sh(t, "journalctl -u nexushubd -o cat --grep 'has stopped'"); strings.Contains(out, "nil") {
			t.Errorf("the agent's last word: %s", out)
		}
	})
}

func TestDropInsApplyAndAreShown(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Sh(t, `mkdir -p /etc/systemd/system/nexushub-app-.service.d
			printf '[Service]\nEnvironment=FROM_OPERATOR=yes\n' >/etc/systemd/system/nexushub-app-.service.d/50-mine.conf
			systemctl daemon-reload`)
		h.DefineAll(t, 1)
		var app api.App
		lab.Within(t, faults.Patience, "the status shows the drop-in", func() error { // what has just started is read once more
			if app = h.App(t, 1); len(app.DropIns) != 1 || !strings.HasSuffix(app.DropIns[0], "50-mine.conf") {
				return fmt.Errorf("drop-ins = %v", app.DropIns)
			}
			return nil
		})
		env := h.Sh(t, fmt.Sprintf("tr '\\0' '\\n' </proc/%d/environ", app.PID))
		if !strings.Contains(env, "FROM_OPERATOR=yes") {
			t.Errorf("environment = %s", env)
		}
	})
}

// What an application gets without asking is lowered to [limits.max], an explicit limits.max.cpu is its quota, and what
// asks for more is refused; each is seen in what PID 1 enforces.
func TestLimitsMaxIsEnforced(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		limits := func(n int) string {
			out := h.Must(t, "systemctl", "show", "-p", "MemoryMax", "-p", "CPUQuotaPerSecUSec",
				h.AwaitUnit(t, faults.Name(n)))
			return strings.Join(slices.Sorted(strings.FieldsSeq(out)), " ")
		}
		h.Sh(t, "cp -r /srv/hello /srv/modest; printf 'health.path = \"/api/status\"\nlimits.memory = \"32M\"\nlimits.cpu = 20\n' >/srv/modest/nexushub.toml")
		h.Sh(t, "rm /srv/hello/nexushub.toml") // hello asks for nothing
		h.DefineAll(t, 1)
		if got := limits(1); !strings.HasPrefix(got, "CPUQuotaPerSecUSec=infinity ") {
			t.Errorf("without [limits.max]: %s", got)
		}
		first := h.AwaitUnit(t, faults.Name(1))
		h.Write(t, "/etc/nexushub/conf.d/max.toml", "[limits.max]\nmemory = \"96M\"\ncpu = 60\n")
		h.Define(t, 2)
		h.Sh(t, "sed -i s,/srv/hello,/srv/modest, /etc/nexushub/apps.d/"+faults.Name(2)+".toml")
		h.Reload(t)
		lab.Within(t, faults.Patience, "the first application is replaced", func() error {
			now := h.Units(t, faults.Name(1))
			return lab.Unless(len(now) == 1 && now[0] != first, "its units are %q", now)
		})
		h.AllRun(t, 2)
		for n, want := range map[int]string{
			1: fmt.Sprintf("CPUQuotaPerSecUSec=600ms MemoryMax=%d", 96<<20),
			2: fmt.Sprintf("CPUQuotaPerSecUSec=200ms MemoryMax=%d", 32<<20),
		} {
			if got := limits(n); got != want {
				t.Errorf("%s: %s, want %s", faults.Name(n), got, want)
			}
		}
		h.Sh(t, "sed -i 's/cpu = 20/cpu = 61/' /srv/modest/nexushub.toml")
		if out, err := h.Try(t, "nexushub", "deploy", "--quiet", "/srv/modest", "--name", "greedy"); err == nil ||
			!strings.Contains(err.Error(), "limits.cpu") || !strings.Contains(err.Error(), "limits.max") {
			t.Errorf("a package that asks for more: %s (%v)", out, err)
		}
	})
}

// PID 1 restarts a crashed application without the agent and forgets how it exited;
// the journal does not.
func TestExitWhileTheAgentIsAway(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 1)
		unit := h.App(t, 1).Unit
		h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; systemctl kill -s KILL "+unit)
		lab.Within(t, faults.Patience, "PID 1 has restarted the application", func() error {
			if got := h.Sh(t, "systemctl show -p NRestarts -p SubState "+unit); !strings.Contains(got, "NRestarts=1") ||
				!strings.Contains(got, "running") {
				return errors.New(got)
			}
			return nil
		})
		h.Sh(t, "systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		lab.Within(t, faults.Patience, "the status shows the exit that the agent missed", func() error {
			if app := h.App(t, 1); app.Restarts != 1 || !strings.Contains(app.LastExit, "9") {
				return fmt.Errorf("%d restarts, last exit %q", app.Restarts, app.LastExit)
			}
			return nil
		})
		h.Reaches(t, 1, api.StateRunning)
	})
}

// A crash loop is delayed, says why, and every restart is counted: PID 1's, the agent's, those for
// its health and an operator's, over agents that are killed and a systemd that executes itself anew.
func TestCrashLoopBacksOffAndRecovers(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Define(t, 1,
			`exec = ["/bin/sh", "-c", "[ -e /var/lib/nexushub-apps-fixed ] || { echo no database >&2; exit 7; }; exec bin/app"]`,
			`health = { interval = "1s", timeout = "1s", failures = 2 }`)
		h.Reload(t)
		app := h.Reaches(t, 1, api.StateBackingOff)
		lab.Within(t, faults.Patience, "the status says why", func() error {
			if app = h.App(t, 1); app.Error != "exit status 7\nno database" {
				return fmt.Errorf("error %q of %s", app.Error, app.State)
			}
			return nil
		})
		lab.Within(t, faults.Patience, "the agent delays the next start", func() error {
			if app = h.App(t, 1); app.Attempt < 2 || app.NextTry == nil {
				return fmt.Errorf("attempt %d, next try %v", app.Attempt, app.NextTry)
			}
			return nil
		})
		h.Sh(t, "systemctl kill -s KILL nexushubd; systemctl daemon-reexec; touch /var/lib/nexushub-apps-fixed")
		unit := h.Reaches(t, 1, api.StateRunning).Unit
		checkRestarts(t, h, 2)
		h.Sh(t, "systemctl kill --kill-whom=main -s STOP "+unit) // it answers no health check any more
		checkRestarts(t, h, 3)
		h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; systemctl restart "+unit+
			"; systemctl kill -s KILL "+unit+"; systemctl daemon-reexec; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		checkRestarts(t, h, 5)
		h.Must(t, "nexushub", "restart", faults.Name(1))
		checkRestarts(t, h, 0)
	})
}

// checkRestarts waits until application 1 runs, with at least so many restarts, and compares with
// what systemd wrote of its unit: every start is an invocation of its own.
func checkRestarts(t *testing.T, h *faults.Host, least int) {
	t.Helper()
	lab.Within(t, faults.Patience, fmt.Sprintf("it runs after %d restarts or more, and all say so", least), func() error {
		app := h.App(t, 1)
		starts := h.Sh(t, "journalctl -o cat --output-fields=INVOCATION_ID _PID=1 UNIT="+app.Unit+" | sort -u | wc -l")
		listed := h.Sh(t, "nexushub list | grep "+faults.Name(1))
		counted := h.Sh(t, "curl -s --unix-socket /run/nexushub/metrics.sock http://x/metrics | grep 'app_restarts_total{'")
		want := fmt.Sprintf("%d", app.Restarts)
		if app.State != api.StateRunning || app.Restarts < least || starts != fmt.Sprintf("%d", app.Restarts+1) ||
			!strings.HasSuffix(counted, " "+want) || !slices.Contains(strings.Fields(listed), want) {
			return fmt.Errorf("%s, %d restarts, %s starts, metric %q, list %q", app.State, app.Restarts, starts, counted, listed)
		}
		return nil
	})
}

func TestRevisionThatNeverGetsHealthyLeavesTheOldOne(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 1)
		before := h.Identities(t)
		h.UnderLoad(t, faults.URL(1), 100, func() {
			h.Define(t, 1, `exec = ["/bin/sh", "-c", "echo cannot open the database; exit 3"]`)
			h.Reload(t)
			lab.Within(t, faults.Patience, "the new revision is given up", func() error {
				if app := h.App(t, 1); !strings.Contains(app.Why, "given up") ||
					!strings.Contains(app.LastExit, "cannot open the database") {
					return fmt.Errorf("why %q, last exit %q", app.Why, app.LastExit)
				}
				return nil
			})
		})
		lab.Within(t, faults.Patience, "only the old revision is left", func() error {
			if after := h.Identities(t); after != before {
				return fmt.Errorf("%s, was %s", after, before)
			}
			return nil
		})
	})
}

func TestStopAllIsOrdered(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 3)
		h.Must(t, "nexushub", "stop", "--all")
		if left := h.Identities(t); strings.TrimSpace(left) != "" {
			t.Errorf("left: %s", left)
		}
		h.Must(t, "nexushub", "start", faults.Name(1))
		h.AllRun(t, 3)
	})
}
