package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestOperatorsSystemctlIsRespected(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(2)
		unit := h.App(1).Unit
		before := h.App(2).PID
		h.Must(h.T, "systemctl", "restart", unit)
		h.Reaches(1, api.StateRunning)
		h.Must(h.T, "systemctl", "stop", unit)
		if app := h.Reaches(1, api.StateStopped); !strings.Contains(app.Why, "stopped by operator") {
			h.T.Errorf("why = %q", app.Why)
		}
		h.Must(h.T, "systemctl", "restart", "nexushubd")
		h.Reaches(1, api.StateStopped)
		h.Must(h.T, "nexushub", "start", faults.Name(1))
		h.Reaches(1, api.StateRunning)
		if after := h.App(2).PID; after != before {
			h.T.Errorf("the other application has PID %d, had %d", after, before)
		}
	})
}

func TestDropInsApplyAndAreShown(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.Sh(`mkdir -p /etc/systemd/system/nexushub-app-.service.d
			printf '[Service]\nEnvironment=FROM_OPERATOR=yes\n' >/etc/systemd/system/nexushub-app-.service.d/50-mine.conf
			systemctl daemon-reload`)
		h.DefineAll(1)
		var app api.App
		h.Eventually("the drop-in is shown", func() error { // what has just started is read once more
			if app = h.App(1); len(app.DropIns) != 1 || !strings.HasSuffix(app.DropIns[0], "50-mine.conf") {
				return fmt.Errorf("drop-ins = %v", app.DropIns)
			}
			return nil
		})
		if env := h.Sh(fmt.Sprintf("tr '\\0' '\\n' </proc/%d/environ", app.PID)); !strings.Contains(env, "FROM_OPERATOR=yes") {
			h.T.Errorf("environment = %s", env)
		}
	})
}

// PID 1 brings a crashed application back without the agent and forgets how it ended;
// the journal does not.
func TestExitWhileTheAgentIsAway(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(1)
		unit := h.App(1).Unit
		h.Sh("systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; systemctl kill -s KILL " + unit)
		h.Eventually("PID 1 brings it back", func() error {
			if got := h.Sh("systemctl show -p NRestarts -p SubState " + unit); !strings.Contains(got, "NRestarts=1") || !strings.Contains(got, "running") {
				return errors.New(got)
			}
			return nil
		})
		h.Sh("systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		h.Eventually("the exit is told", func() error {
			if app := h.App(1); app.Restarts != 1 || !strings.Contains(app.LastExit, "9") {
				return fmt.Errorf("%d restarts, last exit %q", app.Restarts, app.LastExit)
			}
			return nil
		})
		h.Reaches(1, api.StateRunning)
	})
}

func TestCrashLoopBacksOffAndRecovers(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.Define(1, `exec = ["/bin/sh", "-c", "[ -e /var/lib/nexushub-apps-fixed ] || exit 7; exec bin/app"]`)
		h.Reload()
		app := h.Reaches(1, api.StateBackingOff)
		if !strings.Contains(app.LastExit, "7") {
			h.T.Errorf("last exit = %q, want status 7", app.LastExit)
		}
		h.Eventually("the agent has taken over", func() error {
			if app = h.App(1); app.Attempt < 2 || app.NextTry == nil {
				return fmt.Errorf("attempt %d, next try %v", app.Attempt, app.NextTry)
			}
			return nil
		})
		h.Sh("touch /var/lib/nexushub-apps-fixed")
		h.Reaches(1, api.StateRunning)
	})
}

func TestRevisionThatNeverGetsHealthyLeavesTheOldOne(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(1)
		before := h.Identities()
		h.UnderLoad(1, 100, func() {
			h.Define(1, `exec = ["/bin/sh", "-c", "echo cannot open the database; exit 3"]`)
			h.Reload()
			h.Eventually("the revision is given up", func() error {
				if app := h.App(1); !strings.Contains(app.Why, "given up") || !strings.Contains(app.LastExit, "cannot open the database") {
					return fmt.Errorf("why %q, last exit %q", app.Why, app.LastExit)
				}
				return nil
			})
		})
		h.Eventually("only the old one is left", func() error {
			if after := h.Identities(); after != before {
				return fmt.Errorf("%s, was %s", after, before)
			}
			return nil
		})
	})
}

func TestStopAllIsOrdered(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(3)
		h.Must(h.T, "nexushub", "stop", "--all")
		if left := h.Identities(); strings.TrimSpace(left) != "" {
			h.T.Errorf("left: %s", left)
		}
		h.Must(h.T, "nexushub", "start", faults.Name(1))
		h.AllRun(3)
	})
}
