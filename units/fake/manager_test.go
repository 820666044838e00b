package fake_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
	"github.com/nexushub/nexushub/units/unitstest"
)

func spec() units.Spec {
	return units.Spec{
		Instance: "11111111-2222-4333-8444-555555555555", Name: "hello", Kind: "static", HostName: "hello.test",
		Release: strings.Repeat("ab", 32), Directory: "/srv", Exec: []string{"run"},
		Network: "port", StartSec: 10, StopSec: 1,
	}
}

// program reads the behaviour from the command.
func program(s units.Spec) fake.Program {
	p := fake.Program{NotReady: s.Notify, Missing: s.Exec[0] == "missing"}
	if s.Exec[0] == "fail" {
		p.Fails = 7
	}
	if s.Exec[0] == "run" {
		p.Takes = time.Hour
	}
	return p
}

func TestConformance(t *testing.T) {
	unitstest.Conformance(t, func(t *testing.T, test func(*testing.T, unitstest.Harness)) {
		synctest.Test(t, func(t *testing.T) {
			m := fake.New()
			m.Program = program
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- m.Run(ctx) }()
			test(t, unitstest.Harness{Manager: m, Spec: spec(), Fails: []string{"fail"}, Missing: []string{"missing"},
				Ends: []string{"end"}})
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	})
}

func TestStopByHand(t *testing.T) {
	m := fake.New()
	s := spec()
	if err := m.Start(t.Context(), s, units.Placement{Port: 10000}); err != nil {
		t.Fatal(err)
	}
	if err := m.StopByHand(s.UnitName()); err != nil {
		t.Fatal(err)
	}
	st, err := m.Get(t.Context(), s.UnitName())
	if err != nil || !st.Ended() || st.Running() {
		t.Errorf("after a stop by hand: %+v, %v", st, err)
	}
	if err := m.Start(t.Context(), s, units.Placement{Port: 10000}); err != nil {
		t.Errorf("what has ended can be started anew: %v", err)
	}
}
