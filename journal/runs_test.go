package journal

import "testing"

func TestRuns(t *testing.T) {
	j := newFakeJournal(t)
	for _, run := range []string{"1", "2", "3", "4"} {
		for _, text := range []string{"Starting", "Started", "exited"} {
			j.write(kv{"_PID": "1", "UNIT": unitA, "INVOCATION_ID": run, "MESSAGE": text})
		}
		j.write(kv{"_PID": "1", "UNIT": unitB, "INVOCATION_ID": "b" + run, "MESSAGE": "Starting"},
			kv{"_PID": "77", "UNIT": unitA, "INVOCATION_ID": "forged" + run, "MESSAGE": "Starting"},
			kv{"_PID": "1", "UNIT": unitA, "MESSAGE": "of no run"})
	}
	log := UnitLog{Hub: j.hub(owners)}
	for _, tt := range []struct {
		after, upTo string
		n           int
		ok          bool
	}{
		{"1", "2", 1, true}, {"1", "4", 3, true}, {"2", "3", 1, true},
		{"0", "4", 4, false}, {"1", "9", 0, false}, {"4", "1", 1, false},
	} {
		n, ok, err := log.Runs(t.Context(), unitA, tt.after, tt.upTo)
		if err != nil || ok != tt.ok || n != tt.n {
			t.Errorf("after %s, up to %s: %d, %t, %v; want %d, %t", tt.after, tt.upTo, n, ok, err, tt.n, tt.ok)
		}
	}
}
