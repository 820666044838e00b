package journal

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// checkPast: what systemd says about a revision is in the log of its application for ever, also
// after the next revision and another agent, be it that of an earlier version, and in nobody
// else's: neither in that of one whose name begins alike, nor in that of the next owner of the name.
func (a *talker) checkPast(t *testing.T) {
	t.Helper()
	first := a.app(t)
	a.deploy(t, "2")
	a.Must(t, "nexushub", "deploy", "--name", "talker-two", a.dir)
	other := a.AwaitState(t, "talker-two", api.StateRunning)
	a.Sh(t, "rm /var/lib/nexushub/state/units.json; systemctl kill --kill-whom=main --signal=KILL nexushubd")
	second := a.app(t)
	if first.Unit == second.Unit {
		t.Fatalf("%s was not replaced", first.Unit)
	}
	lab.Eventually(t, "the log has what systemd said about both revisions", func() error {
		for unit, said := range map[string][]string{
			first.Unit:  {"Started ", "Main process exited, code=exited, status=3", "Stopped "},
			second.Unit: {"Started "},
		} {
			for _, want := range said {
				if !a.hasSystemLine(t, first.ID, unit, want) {
					return fmt.Errorf("%q is not there for %s", want, unit)
				}
			}
		}
		return nil
	})
	for _, e := range a.log(t, url.Values{"lines": {"all"}}) {
		if e.Unit == other.Unit {
			t.Errorf("it has a line of %s: %s", e.Unit, e.Message)
		}
	}
	a.Must(t, "nexushub", "remove", "--yes", "talker")
	if !a.hasSystemLine(t, first.ID, first.Unit, "status=3") {
		t.Error("what systemd said about it is gone with the application")
	}
	a.deploy(t, "1")
	for _, e := range a.log(t, url.Values{"lines": {"all"}}) {
		if e.Unit == first.Unit || e.Unit == second.Unit {
			t.Errorf("the next owner of the name has a line of %s: %s", e.Unit, e.Message)
		}
	}
}

// hasSystemLine says whether the log of an instance has a line of systemd's about a unit.
func (a *talker) hasSystemLine(t *testing.T, id, unit, text string) bool {
	t.Helper()
	for e, err := range a.API().Logs(t.Context(), id, url.Values{"follow": {"0"}, "lines": {"all"}}, "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Entry != nil && e.Entry.Source == api.LogSystem && e.Entry.Unit == unit &&
			strings.Contains(e.Entry.Message, text) {
			return true
		}
	}
	return false
}
