package units

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

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

// TestBegunJobsAreBounded: PID 1 loses the bus if too many are there that we have asked for.
func TestBegunJobsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs, queued := newJobTable(), make(chan dbus.ObjectPath, 2*begunAtOnce)
		begin := func(n int) {
			err := jobs.begin(t.Context(), func() (dbus.ObjectPath, error) {
				job := dbus.ObjectPath(fmt.Sprintf("/job/%d", n))
				queued <- job
				return job, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		for n := range begunAtOnce + 2 {
			go begin(n)
		}
		synctest.Wait()
		if len(queued) != begunAtOnce {
			t.Errorf("%d jobs are queued, want %d", len(queued), begunAtOnce)
		}
		for range 2 {
			jobs.removed(<-queued, "done")
		}
		synctest.Wait()
		if len(queued) != begunAtOnce || len(jobs.begun) != begunAtOnce {
			t.Errorf("%d jobs are queued and %d counted, want %d: two have ended, two waited", len(queued), len(jobs.begun),
				begunAtOnce)
		}
		jobs.removed(<-queued, "done")
		refused := errors.New("refused")
		if err := jobs.begin(t.Context(), func() (dbus.ObjectPath, error) { return "", refused }); err != refused {
			t.Errorf("error %v", err)
		}
		jobs.removed("/job/early", "done")
		if err := jobs.begin(t.Context(), func() (dbus.ObjectPath, error) { return "/job/early", nil }); err != nil {
			t.Error(err)
		}
		if n := len(jobs.room); n != begunAtOnce-1 {
			t.Errorf("%d places are taken, want %d: one was refused, one has ended before its reply", n, begunAtOnce-1)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin(1000)
		if err := jobs.begin(short, nil); !errors.Is(err, ErrTimeout) {
			t.Errorf("with no place left: %v", err)
		}
	})
}

// TestReferencesAreBounded, those to release commands later than those to applications.
func TestReferencesAreBounded(t *testing.T) {
	m := &Manager{refs: map[string]bool{}}
	for n := range maxRefs {
		m.refs[fmt.Sprint(n)] = true
	}
	if m.addRef("nexushub-app-a-1.service") || !m.addRef("nexushub-release-a-1.service") || !m.addRef("7") {
		t.Error("want room for a release command and what has a reference, and for no other application")
	}
	for n := range onceRefs {
		m.refs[fmt.Sprint("once", n)] = true
	}
	if m.addRef("nexushub-release-a-2.service") {
		t.Error("there is no bound for release commands")
	}
}
