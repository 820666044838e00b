package unitstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nexushub/nexushub/units"
)

// untilOver waits for the end of a run other than the one before, and returns what is known of it.
func untilOver(t *testing.T, h Harness, unit, before string) units.OnceStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		s := onceOf(t, h, unit)
		if s.Invocation != before && !s.LastExit.IsZero() && s.Over() {
			return s
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s did not end: %+v", unit, s)
		}
	}
}

// onceOf is zero for what is not there.
func onceOf(t *testing.T, h Harness, unit string) units.OnceStatus {
	t.Helper()
	all, err := h.Manager.Onces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Unit == unit {
			return s
		}
	}
	return units.OnceStatus{}
}

func discarded(t *testing.T, h Harness, unit string) {
	t.Helper()
	for _, kill := range []bool{false, true} { // discarding what is not there succeeds
		if err := h.Manager.Discard(context.WithoutCancel(t.Context()), unit, kill); err != nil {
			t.Error(err)
		}
	}
	if s := onceOf(t, h, unit); s.Unit != "" {
		t.Errorf("it is left: %+v", s)
	}
}

// testOnce: what ran stays to be read, and does not run again, until it is discarded.
func testOnce(t *testing.T, h Harness) {
	o := units.Once{Spec: h.Spec, Exec: h.Ends, LimitSec: 30}
	if err := h.Manager.Begin(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s := untilOver(t, h, o.UnitName(), "")
	if s.LastExit.Code != units.CodeExited || s.LastExit.Status != 0 || s.Result != "success" || s.Invocation == "" ||
		s.Instance != h.Spec.Instance || s.Revision != h.Spec.Revision() || s.JobName != "" || s.Scheduled {
		t.Errorf("after its end: %+v", s)
	}
	if err := h.Manager.Begin(t.Context(), o); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("error %v, want ErrUnitExists", err)
	}
	if again := onceOf(t, h, o.UnitName()); again.Invocation != s.Invocation {
		t.Errorf("it ran again: %+v", again)
	}
	list, err := h.Manager.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Process != units.ReleaseProcess || list[0].IsWeb() || !list[0].Over() {
		t.Errorf("listed as %+v, %v", list, err)
	}
	discarded(t, h, o.UnitName())
}

func testOnceFails(t *testing.T, h Harness) {
	o := units.Once{Spec: h.Spec, Job: "nightly", Exec: h.Fails}
	if err := h.Manager.Begin(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s := untilOver(t, h, o.UnitName(), "")
	if s.LastExit.Code != units.CodeExited || s.LastExit.Status != 7 || s.Result != "exit-code" ||
		s.JobName != "nightly" || s.Definition != o.Definition() {
		t.Errorf("after its end: %+v", s)
	}
	discarded(t, h, o.UnitName())
	o.Exec = h.Missing
	if err := h.Manager.Begin(t.Context(), o); !errors.Is(err, units.ErrExec) {
		t.Errorf("error %v, want ErrExec", err)
	}
}

// testSchedule: a timer keeps its service loaded, which can be run beside the clock.
func testSchedule(t *testing.T, h Harness) {
	o := units.Once{Spec: h.Spec, Job: "nightly", Exec: h.Ends, Schedule: "*-*-01 00:00:00", CatchUp: true}
	if err := h.Manager.Schedule(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s := onceOf(t, h, o.UnitName())
	if !s.Scheduled || !s.Next.After(time.Now()) || !s.Over() || s.Invocation != "" || s.JobName != "nightly" ||
		s.Definition != o.Definition() || s.Instance != h.Spec.Instance {
		t.Errorf("it is not scheduled: %+v", s)
	}
	if err := h.Manager.Schedule(t.Context(), o); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("error %v, want ErrUnitExists", err)
	}
	for range 2 {
		before := onceOf(t, h, o.UnitName()).Invocation
		if err := h.Manager.Begin(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if s := untilOver(t, h, o.UnitName(), before); s.LastExit.Status != 0 || !s.Scheduled {
			t.Errorf("after a run by hand: %+v", s)
		}
	}
	discarded(t, h, o.UnitName())
}

// testDiscardRunning: what runs is left to end, without its timer, or stopped.
func testDiscardRunning(t *testing.T, h Harness) {
	o := units.Once{Spec: h.Spec, Job: "nightly", Exec: h.Spec.Exec, Schedule: "*-*-01 00:00:00"}
	for _, err := range []error{h.Manager.Schedule(t.Context(), o), h.Manager.Begin(t.Context(), o)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for onceOf(t, h, o.UnitName()).MainPID == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	running := onceOf(t, h, o.UnitName())
	if err := h.Manager.Begin(t.Context(), o); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("a second run: error %v, want ErrUnitExists", err)
	}
	if err := h.Manager.Discard(t.Context(), o.UnitName(), false); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("error %v, want ErrUnitExists", err)
	}
	if s := onceOf(t, h, o.UnitName()); s.Scheduled || s.Over() || !s.Due() || s.MainPID != running.MainPID {
		t.Errorf("what ran is not left alone: %+v", s)
	}
	if err := h.Manager.Schedule(t.Context(), o); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("its timer beside what runs: error %v, want ErrUnitExists", err)
	}
	if err := h.Manager.Discard(t.Context(), o.UnitName(), true); err != nil {
		t.Error(err)
	}
	discarded(t, h, o.UnitName())
}
