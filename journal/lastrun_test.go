package journal

import (
	"testing"
	"time"
)

func TestLastRun(t *testing.T) {
	const unit = "nexushub-job-shop-nightly-11111111.service"
	j := newFakeJournal(t)
	log := UnitLog{Hub: j.hub(owners)}
	if r, ok, err := log.LastRun(t.Context(), unit); ok || err != nil {
		t.Errorf("an empty journal tells of %+v, %v", r, err)
	}
	told := func(id, run string, more kv) kv {
		r := kv{"_PID": "1", "MESSAGE_ID": id, "UNIT": unit, "INVOCATION_ID": run}
		for k, v := range more {
			r[k] = v
		}
		return r
	}
	at := func(n int64) time.Time { return time.UnixMicro(1_700_000_000_000_000 + (n+1)*1000) }
	check := func(want Run) {
		t.Helper()
		r, ok, err := log.LastRun(t.Context(), unit)
		if !ok || err != nil || r != want {
			t.Errorf("%+v, %v, %v; want %+v", r, ok, err, want)
		}
	}
	j.write(told(startingID, "1", nil), told(startedID, "1", nil))
	check(Run{Invocation: "1", StartedAt: at(0), EndedAt: at(1)})
	j.write(told(startingID, "2", nil), told(exitID, "2", kv{"EXIT_CODE": "exited", "EXIT_STATUS": "3"}),
		told(failureID, "2", kv{"UNIT_RESULT": "exit-code"}), told(failedID, "2", nil),
		kv{"_PID": "77", "MESSAGE_ID": startedID, "UNIT": unit, "INVOCATION_ID": "forged"})
	check(Run{Invocation: "2", StartedAt: at(2), EndedAt: at(5),
		Exit: Exit{At: at(3), Code: "exited", Status: 3, Result: "exit-code", Run: "2"}})
	j.write(told(startingID, "3", nil)) // and the host went down
	check(Run{Invocation: "3", StartedAt: at(7)})
}

// TestLogOfAJob: its runs alone, which are no run of what serves.
func TestLogOfAJob(t *testing.T) {
	const nightly, other = "nexushub-job-a-nightly-11111111.service", "nexushub-job-a-by_night-11111111.service"
	j := newFakeJournal(t)
	h := j.hub(map[string]string{unitA: idA, nightly: idA, other: idA})
	line := func(unit, run, text string) kv {
		return kv{"MESSAGE": text, "_SYSTEMD_UNIT": unit, "_SYSTEMD_INVOCATION_ID": run, "_TRANSPORT": "stdout",
			"NEXUSHUB_INSTANCE": idA}
	}
	j.write(line(unitA, "1", "old"), line(nightly, "2", "n1"), line(unitA, "3", "new"), line(other, "4", "o1"),
		kv{"MESSAGE": "n2", "_PID": "1", "UNIT": nightly, "INVOCATION_ID": "2"}, line(nightly, "5", "n3"))
	want(t, lines(t, h, Query{Instance: idA, Lines: 50}), "old n1 new o1 n2 n3")
	want(t, lines(t, h, Query{Instance: idA, Lines: 50, Job: "nightly"}), "n1 n2 n3")
	want(t, lines(t, h, Query{Instance: idA, Lines: 1, Job: "by_night"}), "o1")
	want(t, lines(t, h, Query{Instance: idA, Lines: 50, Job: "night"}), "")
	want(t, lines(t, h, Query{Instance: idA, Lines: 50, Previous: true}), "old")
}
