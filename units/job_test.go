package units

import (
	"fmt"
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestJobResultBeforeReply(t *testing.T) {
	jobs := newJobTable()
	jobs.removed("/job/1", "done")
	if got := <-jobs.wait("/job/1"); got != "done" {
		t.Errorf("result %q", got)
	}
}

func TestJobResultAfterReply(t *testing.T) {
	jobs := newJobTable()
	ch := jobs.wait("/job/1")
	jobs.removed("/job/1", "failed")
	jobs.removed("/job/1", "done") // a second one finds nobody and must not block
	if got := <-ch; got != "failed" {
		t.Errorf("result %q", got)
	}
}

func TestJobTableStaysSmall(t *testing.T) {
	jobs := newJobTable()
	for i := range 10 * earlyResults {
		jobs.removed(dbus.ObjectPath(fmt.Sprintf("/job/%d", i)), "done")
	}
	if len(jobs.early) > earlyResults || len(jobs.order) > earlyResults {
		t.Errorf("%d results are kept", len(jobs.early))
	}
}
