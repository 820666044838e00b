package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// started is a fake on which applications run.
func started(t *testing.T, names ...string) *fake.Manager {
	t.Helper()
	m := fake.New()
	for i, name := range names {
		s := units.Spec{
			Instance: "0b5d9d5e-8a4e-4a3c-9f0d-00000000000" + string(rune('0'+i)), Name: name, Kind: "static", HostName: name,
			Directory: "/srv", Exec: []string{"/bin/true"}, Network: units.NetworkPort,
		}
		if err := m.Start(t.Context(), s, units.Placement{Port: 10000 + i}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func firstUnit(t *testing.T, m *fake.Manager) string {
	t.Helper()
	list, err := m.List(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list[0].Unit
}

func TestStopApplications(t *testing.T) {
	m := started(t, "one", "two", "three")
	job := units.Once{Spec: m.Spec(firstUnit(t, m)), Job: "nightly", Exec: []string{"/bin/true"}, Schedule: "daily"}
	if err := m.Schedule(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), fakeHost(t, m), []string{"--stop-applications"}, &out, &out); err != nil {
		t.Error(err)
	}
	if left, err := m.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("still there: %v, %v", left, err)
	}
	if left, err := m.Onces(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("jobs go on by the clock: %v, %v", left, err)
	}
}

// One that cannot be stopped keeps no other from being told to, and all faults are told.
func TestStopApplicationsTellsEveryFault(t *testing.T) {
	m := started(t, "one", "two")
	m.Fail("Stop", errors.New("refuses"))
	err := stopApplications(t.Context(), fakeHost(t, m))
	if err == nil || strings.Count(err.Error(), "refuses") != 2 {
		t.Errorf("%v, want the faults of both", err)
	}
	stops := 0
	for _, call := range m.Calls() {
		if strings.HasPrefix(call, "Stop ") {
			stops++
		}
	}
	if stops != 2 {
		t.Errorf("%v, want both to be told", m.Calls())
	}
	m.Fail("List", units.ErrTimeout)
	if err := stopApplications(t.Context(), fakeHost(t, m)); !errors.Is(err, units.ErrTimeout) {
		t.Errorf("what runs is not known, and the end is %v", err)
	}
}
