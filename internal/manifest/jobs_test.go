package manifest

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestJobs(t *testing.T) {
	m := parsed(t, `exec = ["bin/app"]
release = ["bin/migrate"]
[jobs.nightly]
exec = ["bin/app", "report"]
schedule = "*-*-* 03:00"
timeout = "10m"
overlap = "skip"
catch_up = true
[jobs.by_hand]
exec = ["bin/app", "import"]
[processes.worker]
exec = ["bin/worker"]
`)
	if got := m.JobNames(); !reflect.DeepEqual(got, []string{"by_hand", "nightly"}) {
		t.Errorf("jobs %v", got)
	}
	nightly, byHand := m.Jobs["nightly"], m.Jobs["by_hand"]
	if nightly.Limit() != 10*time.Minute || !nightly.CatchesUp() || byHand.Limit() != time.Hour || byHand.CatchesUp() {
		t.Errorf("%+v, %+v", nightly, byHand)
	}
	var of []string
	for _, c := range m.Commands() {
		of = append(of, c.Key+" "+strings.Join(c.Exec, " "))
	}
	want := []string{"exec bin/app", "processes.worker.exec bin/worker", "jobs.by_hand.exec bin/app import",
		"jobs.nightly.exec bin/app report", "release bin/migrate"}
	if !reflect.DeepEqual(of, want) {
		t.Errorf("commands %q, want %q", of, want)
	}
}

func TestRefusedJobs(t *testing.T) {
	long := strings.Repeat("x", maxSchedule+1)
	for text, want := range map[string]string{
		`jobs.a-b = { exec = ["x"] }`:                          "jobs.a-b = {...}: cannot be the name",
		`jobs.Nightly = { exec = ["x"] }`:                      "cannot be the name",
		`jobs.a = { exec = [] }`:                               "must name a command",
		`jobs.a = { exec = ["x"], schedule = "" }`:             "must say when",
		`jobs.a = { exec = ["x"], schedule = "täglich" }`:      "letters, digits and signs",
		`jobs.a = { exec = ["x"], schedule = "a\nb" }`:         "letters, digits and signs",
		`jobs.a = { exec = ["x"], schedule = "` + long + `" }`: "must not be longer",
		`jobs.a = { exec = ["x"], timeout = "1ms" }`:           "must be from",
		`jobs.a = { exec = ["x"], timeout = "9000h" }`:         "must be from",
		`jobs.a = { exec = ["x"], overlap = "queue" }`:         "must be one of skip",
		`jobs.a = { exec = ["x"], schedul = "daily" }`:         `did you mean "schedule"`,
	} {
		if _, err := Parse(FileName, []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if faults := parsed(t, `jobs.a = { schedule = "daily" }`).Incomplete(FileName); !strings.Contains(faults.Error(), "jobs.a.exec") {
		t.Errorf("a job without a command: %v", faults)
	}
}

// A layer may say of a job what another does not.
func TestJobsOverOthers(t *testing.T) {
	base := parsed(t, `jobs.a = { exec = ["x"], schedule = "daily", catch_up = true }
jobs.b = { exec = ["y"] }`)
	over := parsed(t, `jobs.a = { schedule = "hourly", catch_up = false }
jobs.c = { exec = ["z"] }`).Over(base)
	a := over.Jobs["a"]
	if a.Schedule != "hourly" || a.CatchesUp() || a.Exec[0] != "x" || len(over.JobNames()) != 3 ||
		base.Jobs["a"].Schedule != "daily" {
		t.Errorf("%+v over %+v", over.Jobs, base.Jobs)
	}
}
