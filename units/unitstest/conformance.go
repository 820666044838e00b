// Package unitstest holds the tests that the real Manager and its fake both pass. They
// are the contract of units.Manager in code: what the agent may rely on is here.
package unitstest

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/units"
)

// Manager is what is tested.
type Manager interface {
	Start(ctx context.Context, s units.Spec, p units.Placement) error
	Started(s units.Spec, p units.Placement) (units.Status, bool)
	Stop(ctx context.Context, unit string) error
	Restart(ctx context.Context, unit string) error
	ResetFailed(ctx context.Context, unit string) error
	Kill(ctx context.Context, unit string, signal syscall.Signal) error
	List(ctx context.Context) ([]units.Status, error)
	Get(ctx context.Context, unit string) (units.Status, error)
	Schedule(ctx context.Context, o units.Once) error
	Begin(ctx context.Context, o units.Once) error
	Discard(ctx context.Context, unit string, kill bool) error
	Onces(ctx context.Context) ([]units.OnceStatus, error)
	Events() <-chan units.Event
	Ping(ctx context.Context) error
}

// Harness is one Manager that runs, with a Spec whose command runs until it is stopped.
type Harness struct {
	Manager Manager
	Spec    units.Spec
	Fails   []string // a command that exits with status 7 at once
	Missing []string // a command that is not there
	Ends    []string // a command that exits with status 0 at once
}

// Lab runs a test against a Manager of its own.
type Lab func(t *testing.T, test func(t *testing.T, h Harness))

// Conformance runs all tests.
func Conformance(t *testing.T, lab Lab) {
	for name, test := range map[string]func(*testing.T, Harness){
		"Start":                testStart,
		"Started":              testStarted,
		"StartTwice":           testStartTwice,
		"StartBadSpec":         testStartBadSpec,
		"StartMissing":         testStartMissing,
		"StartAgain":           testStartAgain,
		"StartInParallel":      testStartInParallel,
		"Stop":                 testStop,
		"KillComesBack":        testKillComesBack,
		"CrashLoop":            testCrashLoop,
		"Restart":              testRestart,
		"ResetFailed":          testResetFailed,
		"NoSuchUnit":           testNoSuchUnit,
		"Events":               testEvents,
		"TwoRevisions":         testTwoRevisions,
		"Socket":               testSocket,
		"Parts":                testParts,
		"CancelledStartLeaves": testCancelled,
		"Once":                 testOnce,
		"OnceFails":            testOnceFails,
		"Schedule":             testSchedule,
		"DiscardRunning":       testDiscardRunning,
	} {
		t.Run(name, func(t *testing.T) { lab(t, test) })
	}
}

// patience is how long a test waits for PID 1, the restart delay of 2 s included.
const patience = 20 * time.Second

// until asks again and again until the unit is as wanted.
func until(t *testing.T, h Harness, unit string, want func(units.Status) bool) units.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		s, err := h.Manager.Get(ctx, unit)
		if err == nil && want(s) {
			return s
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s never got as wanted: %v, %+v", unit, err, s)
		}
	}
}

func start(t *testing.T, h Harness, s units.Spec) units.Status {
	t.Helper()
	if err := h.Manager.Start(t.Context(), s, Place(s)); err != nil {
		t.Fatal(err)
	}
	st, err := h.Manager.Get(t.Context(), s.UnitName())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Manager.Stop(context.WithoutCancel(t.Context()), s.UnitName()); err != nil {
			t.Error(err)
		}
	})
	return st
}

// Place gives every Spec the same port: nothing listens in these tests.
func Place(s units.Spec) units.Placement {
	if !s.NeedsPort() {
		return units.Placement{}
	}
	return units.Placement{Port: 19999}
}
