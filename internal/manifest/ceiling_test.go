package manifest

import (
	"strings"
	"testing"
	"time"
)

func TestExcessesNamesBothFigures(t *testing.T) {
	most := Ceiling{Memory: 1 << 30, Tasks: 100, CPU: 200, StopTimeout: Duration(time.Minute),
		StartPeriod: Duration(time.Minute), IdleTimeout: Duration(time.Minute)}
	for text, want := range map[string]string{
		`limits.memory = "9999999T"`:            "9999999T 1G limits.memory",
		`limits.memory = "1G"`:                  "",
		`limits.tasks = 101`:                    "101 100 limits.tasks",
		`limits.cpu = 100000`:                   "100000 200 limits.cpu",
		`stop_timeout = "1h"`:                   "1h0m0s 1m0s stop_timeout",
		`idle_timeout = "61s"`:                  "1m1s 1m0s idle_timeout",
		`health = { start_period = "2m" }`:      "2m0s 1m0s health.start_period",
		`health = { start_period = "1m" }`:      "",
		`exec = ["a"]`:                          "",
		`limits = { tasks = 1000, cpu = 1000 }`: "1000 100 limits.tasks 200 limits.cpu",
	} {
		m, err := Parse("nexushub.toml", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := most.Excesses("nexushub.toml", m)
		if (len(got) == 0) != (want == "") {
			t.Errorf("%s: %v", text, got)
		}
		for word := range strings.FieldsSeq(want) {
			if !strings.Contains(got.Error(), word) {
				t.Errorf("%s: %q does not name %s", text, got.Error(), word)
			}
		}
		if none := (Ceiling{}).Excesses("", m); len(none) > 0 {
			t.Errorf("%s: without a ceiling %v", text, none)
		}
	}
}

func TestNoDatabases(t *testing.T) {
	m := Manifest{Services: Services{PostgreSQL: true}}
	never := Ceiling{NoDatabases: true}
	if got := never.Excesses("nexushub.toml", m); len(got) != 1 || !strings.Contains(got.Error(), "policy.databases") {
		t.Errorf("asked for: %v", got)
	}
	if got := never.Excesses("nexushub.toml", Manifest{}); len(got) > 0 {
		t.Errorf("not asked for: %v", got)
	}
	if never.Lower(m).Services.PostgreSQL {
		t.Error("it gets one without asking")
	}
}

func TestOfflineForbidsConnections(t *testing.T) {
	for text, want := range map[string]int{
		"sandbox.internet = true":                       1,
		"sandbox.network = true":                        1,
		`sandbox.networks = ["10.1.0.0/16"]`:            1,
		"sandbox = { writable_code = true }":            0,
		"sandbox = { internet = true, network = true }": 2,
	} {
		m, err := Parse("nexushub.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := Ceiling{Offline: true}.Excesses("nexushub.toml", m)
		if len(got) != want || want > 0 && !strings.Contains(got.Error(), "policy.internet") {
			t.Errorf("%s: %v", text, got)
		}
	}
}
