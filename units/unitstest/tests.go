package unitstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/units"
)

func testStart(t *testing.T, h Harness) {
	st := start(t, h, h.Spec)
	if st.Unit != h.Spec.UnitName() || st.Instance != h.Spec.Instance || st.Revision != h.Spec.Revision() ||
		st.Release != h.Spec.Release || st.Kind != h.Spec.Kind || st.Host != h.Spec.HostName || st.App != h.Spec.Name ||
		st.Network != h.Spec.Network || st.Port != 19999 {
		t.Errorf("identity is not told: %+v", st)
	}
	if !st.Running() || st.Ended() || st.LoadState != "loaded" || st.MainPID == 0 || st.Invocation == "" ||
		st.NRestarts != 0 || st.UID < 61184 || st.UID > 65519 { // as systemd gives to services
		t.Errorf("state is not told: %+v", st)
	}
	if !st.LastExit.IsZero() {
		t.Errorf("it has not exited: %v", st.LastExit)
	}
	list, err := h.Manager.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Invocation != st.Invocation {
		t.Errorf("list: %+v, %v", list, err)
	}
}

func testStartTwice(t *testing.T, h Harness) {
	before := start(t, h, h.Spec)
	if err := h.Manager.Start(t.Context(), h.Spec, Place(h.Spec)); !errors.Is(err, units.ErrUnitExists) {
		t.Errorf("error %v, want ErrUnitExists", err)
	}
	if after, err := h.Manager.Get(t.Context(), before.Unit); err != nil || after.Invocation != before.Invocation ||
		!after.Running() {
		t.Errorf("the one that runs must stay untouched: %+v, %v", after, err)
	}
}

func testStartBadSpec(t *testing.T, h Harness) {
	h.Spec.Network = "host"
	if err := h.Manager.Start(t.Context(), h.Spec, units.Placement{}); !errors.Is(err, units.ErrSpec) {
		t.Errorf("error %v, want ErrSpec", err)
	}
}

func testStartMissing(t *testing.T, h Harness) {
	h.Spec.Exec = h.Missing
	if err := h.Manager.Start(t.Context(), h.Spec, Place(h.Spec)); !errors.Is(err, units.ErrExec) {
		t.Errorf("error %v, want ErrExec", err)
	}
	if _, err := h.Manager.Get(t.Context(), h.Spec.UnitName()); !errors.Is(err, units.ErrNoSuchUnit) {
		t.Errorf("error %v, want ErrNoSuchUnit: nothing may be left", err)
	}
}

// testStarted: what is known without asking is what PID 1 answers, but for the figures.
func testStarted(t *testing.T, h Harness) {
	read := start(t, h, h.Spec)
	told, ok := h.Manager.Started(h.Spec, Place(h.Spec))
	if !ok {
		t.Fatal("what just started is not known")
	}
	if told.MainPID != read.MainPID || told.Invocation != read.Invocation || !told.StartedAt.Equal(read.StartedAt) {
		t.Errorf("started as process %d of %s at %s, PID 1 says %d of %s at %s", told.MainPID, told.Invocation,
			told.StartedAt, read.MainPID, read.Invocation, read.StartedAt)
	}
	owner := func(s units.Status) [9]any {
		return [9]any{s.Unit, s.App, s.Instance, s.Release, s.Revision, s.Kind, s.Host, s.Network, s.Port}
	}
	if owner(told) != owner(read) || !told.Running() {
		t.Errorf("told %+v, read %+v", told, read)
	}
	if err := h.Manager.Stop(t.Context(), h.Spec.UnitName()); err != nil {
		t.Fatal(err)
	}
	if told, ok := h.Manager.Started(h.Spec, Place(h.Spec)); ok {
		t.Errorf("after its end: %+v", told)
	}
}

func testStartAgain(t *testing.T, h Harness) {
	for range 5 {
		if err := h.Manager.Start(t.Context(), h.Spec, Place(h.Spec)); err != nil {
			t.Fatal(err)
		}
		if err := h.Manager.Stop(t.Context(), h.Spec.UnitName()); err != nil {
			t.Fatal(err)
		}
	}
}

func testStartInParallel(t *testing.T, h Harness) {
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		s := h.Spec
		s.Name = fmt.Sprintf("many-%d", i)
		s.Instance = fmt.Sprintf("%08d%s", i, s.Instance[8:])
		s.State = ""
		all.Go(func() {
			if err := h.Manager.Start(t.Context(), s, Place(s)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := h.Manager.List(t.Context())
	if err != nil || len(list) != n {
		t.Errorf("%d units run, want %d: %v", len(list), n, err)
	}
	for _, st := range list {
		all.Go(func() {
			if err := h.Manager.Stop(t.Context(), st.Unit); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := h.Manager.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d units are left: %v", len(list), err)
	}
}

func testStop(t *testing.T, h Harness) {
	start(t, h, h.Spec)
	for range 2 { // stopping what does not run succeeds
		if err := h.Manager.Stop(t.Context(), h.Spec.UnitName()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Manager.Get(t.Context(), h.Spec.UnitName()); !errors.Is(err, units.ErrNoSuchUnit) {
			t.Errorf("error %v, want ErrNoSuchUnit", err)
		}
	}
}

func testKillComesBack(t *testing.T, h Harness) {
	before := start(t, h, h.Spec)
	if err := h.Manager.Kill(t.Context(), before.Unit, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	after := until(t, h, before.Unit, func(s units.Status) bool { return s.Running() && s.NRestarts == 1 })
	if after.Invocation == before.Invocation || after.MainPID == before.MainPID {
		t.Errorf("it is the same run: %+v", after)
	}
	e := after.LastExit
	if e.Code != units.CodeKilled || e.Status != int(syscall.SIGKILL) || e.Result != "signal" || e.PID != before.MainPID ||
		e.At.IsZero() {
		t.Errorf("last exit %+v, want killed by 9", e)
	}
}

func testCrashLoop(t *testing.T, h Harness) {
	h.Spec.Exec = h.Fails
	// Type=exec: the command did begin, so the start has succeeded.
	if err := h.Manager.Start(t.Context(), h.Spec, Place(h.Spec)); err != nil {
		t.Fatal(err)
	}
	unit := h.Spec.UnitName()
	st := until(t, h, unit, func(s units.Status) bool { return s.NRestarts >= 2 })
	if e := st.LastExit; e.Code != units.CodeExited || e.Status != 7 || e.Result != "exit-code" {
		t.Errorf("last exit %+v, want status 7", e)
	}
	if st.Ended() {
		t.Errorf("a crash loop does not end: %+v", st)
	}
	if err := h.Manager.Stop(t.Context(), unit); err != nil {
		t.Error(err)
	}
	if _, err := h.Manager.Get(t.Context(), unit); !errors.Is(err, units.ErrNoSuchUnit) {
		t.Errorf("error %v, want ErrNoSuchUnit", err)
	}
}

func testRestart(t *testing.T, h Harness) {
	before := start(t, h, h.Spec)
	if err := h.Manager.Restart(t.Context(), before.Unit); err != nil {
		t.Fatal(err)
	}
	after, err := h.Manager.Get(t.Context(), before.Unit)
	if err != nil || !after.Running() || after.Invocation == before.Invocation || after.NRestarts != 0 {
		t.Errorf("after a restart: %+v, %v", after, err)
	}
}

func testResetFailed(t *testing.T, h Harness) {
	unit := start(t, h, h.Spec).Unit
	if err := h.Manager.Kill(t.Context(), unit, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, h, unit, func(s units.Status) bool { return s.Running() && s.NRestarts == 1 })
	if err := h.Manager.ResetFailed(t.Context(), unit); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Manager.Get(t.Context(), unit); err != nil || s.NRestarts != 0 || !s.Running() {
		t.Errorf("after a reset: %+v, %v", s, err)
	}
}

func testNoSuchUnit(t *testing.T, h Harness) {
	const unit = "nexushub-app-nobody-00000000.service"
	ctx := t.Context()
	_, err := h.Manager.Get(ctx, unit)
	for call, err := range map[string]error{
		"get": err, "restart": h.Manager.Restart(ctx, unit), "reset": h.Manager.ResetFailed(ctx, unit),
		"kill": h.Manager.Kill(ctx, unit, syscall.SIGTERM),
	} {
		if !errors.Is(err, units.ErrNoSuchUnit) {
			t.Errorf("%s: error %v, want ErrNoSuchUnit", call, err)
		}
	}
	if err := h.Manager.Ping(ctx); err != nil {
		t.Error(err)
	}
}

// testEvents: whoever looks at a unit when told to knows of every change in the end.
func testEvents(t *testing.T, h Harness) {
	unit := start(t, h, h.Spec).Unit
	if err := h.Manager.Kill(t.Context(), unit, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	limit := time.After(patience)
	for {
		select {
		case e := <-h.Manager.Events():
			s, err := h.Manager.Get(t.Context(), unit)
			if (e.Resync || e.Unit == unit) && err == nil && s.NRestarts == 1 && s.Running() {
				return
			}
		case <-limit:
			t.Fatal("the events did not tell of the restart")
		}
	}
}

func testTwoRevisions(t *testing.T, h Harness) {
	old := start(t, h, h.Spec)
	h.Spec.Serial++
	start(t, h, h.Spec)
	if err := h.Manager.Stop(t.Context(), old.Unit); err != nil {
		t.Fatal(err)
	}
	list, err := h.Manager.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Unit != h.Spec.UnitName() || !list[0].Running() {
		t.Errorf("list: %+v, %v", list, err)
	}
}

func testSocket(t *testing.T, h Harness) {
	h.Spec.Network = units.NetworkSocket
	if st := start(t, h, h.Spec); !st.Running() || st.Port != 0 || st.Network != units.NetworkSocket {
		t.Errorf("state: %+v", st)
	}
}

// testParts: two replicas of a worker run side by side, and PID 1 tells which is which.
func testParts(t *testing.T, h Harness) {
	for _, network := range []string{units.NetworkPort, units.NetworkSocket} {
		s := h.Spec
		s.Network, s.Process, s.Portless, s.Whole = network, "worker", true, h.Spec.Revision()
		for replica := range 2 {
			s.Replica = 2 * replica
			st := start(t, h, s)
			if !st.Running() || st.Process != "worker" || st.Replica != s.ReplicaNumber() || st.Port != 0 || st.IsWeb() ||
				st.Revision != h.Spec.Revision() {
				t.Errorf("%s: %+v", network, st)
			}
		}
		h.Spec.Serial++ // the next two are of another revision
	}
	list, err := h.Manager.List(t.Context())
	if err != nil || len(list) != 4 {
		t.Errorf("list: %+v, %v; want four", list, err)
	}
}

func testCancelled(t *testing.T, h Harness) {
	h.Spec.Notify = true // never says READY
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := h.Manager.Start(ctx, h.Spec, Place(h.Spec)); err == nil {
		t.Error("a service that is not ready has not started")
	}
	if _, err := h.Manager.Get(t.Context(), h.Spec.UnitName()); !errors.Is(err, units.ErrNoSuchUnit) {
		t.Errorf("error %v, want ErrNoSuchUnit: nothing may be left", err)
	}
}
