package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// once is an application of two replicas and a worker whose release command notes for which release it
// ran, and whose job notes for when.
const once = `replicas = 2
release = ["/bin/sh", "note.sh", "released"]
` + Worker + `
[jobs.tick]
exec = ["/bin/sh", "note.sh", "ticks"]
schedule = "*:*:0/10"
catch_up = true
`

// tick is how many seconds are between two runs of its job: more than one is late where the agent is
// killed while it makes the timer anew.
const tick = 10

// note writes one line for each run: its release, when it was due, and its invocation.
const note = `echo $NEXUSHUB_RELEASE $(($(date +%s) / 10 * 10)) $INVOCATION_ID >>$STATE_DIRECTORY/$1
`

// killsPerRelease is how often the agent dies until another release comes.
const killsPerRelease = 4

// NothingTwice kills the agent at random moments while releases of application 1 come, under load: no
// request fails, the release command runs once for each of them, its job once whenever it is due, and in
// the end nothing is there twice.
func (h *Host) NothingTwice(t *testing.T, kills, rate int) {
	t.Helper()
	h.Write(t, "/srv/hello/note.sh", note)
	h.Define(t, 1, once)
	h.Reload(t)
	h.AllRun(t, 1)
	app, releases := h.App(t, 1), 1
	h.UnderLoad(t, URL(1), rate, func() {
		for n := range kills {
			if n%killsPerRelease == 0 {
				if n > 0 {
					app = h.another(t, app)
				}
				releases++
				h.Sh(t, fmt.Sprintf("echo %d >/srv/hello/version; systemctl kill -s HUP nexushubd || true", n))
			}
			time.Sleep(rand.N(600 * time.Millisecond)) // the moment is the point
			h.Sh(t, "systemctl kill -s KILL nexushubd || true")
			lab.Within(t, Patience, "the agent answers", func() error { _, err := h.Apps(t); return err })
		}
		h.another(t, app)
	})
	lab.Within(t, Patience, "everything runs once", func() error { return h.units(t, 3) })
	h.checkReleased(t, releases)
	h.checkTicks(t)
}

// another waits until another release serves than the one before.
func (h *Host) another(t *testing.T, before api.App) (app api.App) {
	t.Helper()
	lab.Within(t, Patience, "another release serves", func() error {
		apps, err := h.Apps(t)
		if err != nil || len(apps) != 1 {
			return fmt.Errorf("%d applications: %v", len(apps), err)
		}
		app = apps[0]
		return lab.Unless(app.State == api.StateRunning && app.Error == "" && app.Release != before.Release, "%+v", app)
	})
	return app
}

// noted are the lines that runs have written: release, due, invocation.
func (h *Host) noted(t *testing.T, file string) (lines [][]string) {
	t.Helper()
	for line := range strings.Lines(h.Sh(t, "cat /var/lib/private/nexushub-apps/"+ID(1)+"/"+file)) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

func (h *Host) checkReleased(t *testing.T, releases int) {
	t.Helper()
	ran := map[string]int{}
	for _, line := range h.noted(t, "released") {
		ran[line[0]]++
	}
	for release, n := range ran {
		if n != 1 {
			t.Errorf("for release %s the release command ran %d times", release, n)
		}
	}
	if len(ran) != releases {
		t.Errorf("the release command ran for %d releases, want %d", len(ran), releases)
	}
	t.Logf("release commands: %d, for %d releases", len(ran), releases)
}

func (h *Host) checkTicks(t *testing.T) {
	t.Helper()
	var due []int
	for _, line := range h.noted(t, "ticks") {
		at, err := strconv.Atoi(line[1])
		if err != nil {
			t.Fatal(err)
		}
		due = append(due, at)
	}
	slices.Sort(due)
	for i := 1; i < len(due); i++ {
		if due[i] != due[i-1]+tick {
			t.Errorf("the job ran for %d, and then for %d", due[i-1], due[i])
		}
	}
	if len(due) < 2 {
		t.Errorf("the job ran %d times", len(due))
	}
	t.Logf("runs of the job: %d", len(due))
}
