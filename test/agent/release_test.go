package agent

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

// migrate notes for which release it runs, and fails for one that has a file "bad".
const migrate = `release = ["/bin/sh", "-c", """echo $NEXUSHUB_RELEASE >>$STATE_DIRECTORY/released; sleep 0.5
[ ! -e bad ] || { echo no paint >&2; exit 3; }"""]`

// released are the releases for which the command of application 1 ran, in their order.
func released(t *testing.T, h *faults.Host) []string {
	t.Helper()
	return strings.Fields(h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/released 2>/dev/null || true"))
}

// newRelease changes the package of application 1.
func newRelease(t *testing.T, h *faults.Host, change string) {
	t.Helper()
	h.Sh(t, "cd /srv/hello && "+change)
	h.Sh(t, "systemctl kill -s HUP nexushubd || true") // it may be starting
}

// servesAnother waits until another release runs than the one before.
func servesAnother(t *testing.T, h *faults.Host, than string) (app api.App) {
	t.Helper()
	lab.Within(t, faults.Patience, "the new release serves", func() error {
		apps, err := h.Apps(t)
		if err != nil || len(apps) == 0 {
			return fmt.Errorf("%d applications: %v", len(apps), err)
		}
		app = apps[0]
		return lab.Unless(app.State == api.StateRunning && app.Release != than && app.Error == "", "%+v", app)
	})
	return app
}

// TestReleaseCommand: it runs once for each release, before that serves, whatever becomes of the agent;
// where it fails, the old release keeps serving.
func TestReleaseCommand(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Define(t, 1, migrate)
		h.Reload(t)
		h.AllRun(t, 1)
		first := h.App(t, 1)
		if ran := released(t, h); len(ran) != 1 || ran[0] != first.Release {
			t.Errorf("it ran for %v, want %s", ran, first.Release)
		}
		checkFailedRelease(t, h, first)
		checkKilledReleases(t, h, first.Release)
		checkFirstFailure(t, h)
	})
}

func checkFailedRelease(t *testing.T, h *faults.Host, first api.App) {
	newRelease(t, h, "touch bad")
	var app api.App
	lab.Within(t, faults.Patience, "the release is given up", func() error {
		app = h.App(t, 1)
		return lab.Unless(strings.Contains(app.Error, "was given up"), "%+v", app)
	})
	if app.State != api.StateRunning || app.PID != first.PID || app.Release != first.Release {
		t.Errorf("the old release does not serve any more: %+v", app)
	}
	status := h.Must(t, "nexushub", "status", faults.Name(1))
	log := h.Must(t, "nexushub", "logs", faults.Name(1), "-n", "all")
	for _, want := range []string{"its release command failed: exit status 3", "no paint"} {
		if !strings.Contains(status, want) {
			t.Errorf("status does not say %q:\n%s", want, status)
		}
	}
	if !strings.Contains(log, "release stderr") || !strings.Contains(log, "no paint") {
		t.Errorf("the log:\n%s", log)
	}
	ran := len(released(t, h))
	h.Must(t, "systemctl", "restart", "nexushubd")
	out, err := h.Try(t, "nexushub", "restart", faults.Name(1))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("another try: %s (%v)", out, err)
	}
	if now := len(released(t, h)); now != ran+1 {
		t.Errorf("it ran %d times, want once more than %d", now, ran)
	}
	lab.Within(t, faults.Patience, "its unit goes", func() error {
		left := h.Sh(t, "systemctl list-units --all --plain --no-legend 'nexushub-release-*'")
		return lab.Unless(strings.TrimSpace(left) == "", "units are left:\n%s", left)
	})
	newRelease(t, h, "rm bad; rm -f /var/lib/private/nexushub-apps/"+faults.ID(1)+"/released")
	h.Reaches(t, 1, api.StateRunning)
}

// checkKilledReleases: the agent dies at random moments while releases come.
func checkKilledReleases(t *testing.T, h *faults.Host, before string) {
	const releases, kills = 10, 4
	for n := range releases {
		newRelease(t, h, fmt.Sprintf("echo %d >version", n))
		for range kills {
			h.Sh(t, fmt.Sprintf("sleep 0.%03d; systemctl kill -s KILL nexushubd || true", rand.N(600)))
		}
		before = servesAnother(t, h, before).Release
	}
	ran := map[string]int{}
	for _, r := range released(t, h) {
		ran[r]++
	}
	if len(ran) != releases {
		t.Errorf("it ran for %d releases, want %d", len(ran), releases)
	}
	for r, n := range ran {
		if n != 1 {
			t.Errorf("for release %s it ran %d times", r, n)
		}
	}
}

// checkFirstFailure: a first release whose command fails does not start, and its deployment says why.
func checkFirstFailure(t *testing.T, h *faults.Host) {
	h.Sh(t, `mkdir -p /srv/shop/bin && cp /srv/hello/bin/app /srv/shop/bin/ && cd /srv/shop &&
		printf 'release = ["/bin/sh", "-c", "echo no paint; exit 3"]\nhealth.path = "/api/status"\n' >nexushub.toml`)
	began := time.Now()
	out, err := h.Try(t, "nexushub", "deploy", "/srv/shop", "--name", "shop")
	if err == nil || !strings.Contains(err.Error()+out, "release command failed: exit status 3") ||
		!strings.Contains(err.Error()+out, "no paint") || time.Since(began) > time.Minute {
		t.Errorf("after %s: %s (%v)", time.Since(began), out, err)
	}
	h.AwaitState(t, "shop", api.StateFailed)
	h.Sh(t, "sed -i 's/exit 3/exit 0/' /srv/shop/nexushub.toml")
	h.Must(t, "nexushub", "deploy", "/srv/shop", "--name", "shop")
	h.AwaitState(t, "shop", api.StateRunning)
}
