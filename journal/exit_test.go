package journal

import (
	"testing"
	"time"
)

func TestLastExit(t *testing.T) {
	j := newFakeJournal(t)
	log := UnitLog{Hub: j.hub(owners)}
	if e, ok, err := log.LastExit(t.Context(), unitA); ok || err != nil {
		t.Errorf("an empty journal tells of %+v, %v", e, err)
	}
	told := func(id, unit, run string, more kv) kv {
		r := kv{"_PID": "1", "MESSAGE_ID": id, "UNIT": unit, "INVOCATION_ID": run}
		for k, v := range more {
			r[k] = v
		}
		return r
	}
	j.write(
		told(exitID, unitA, "1", kv{"EXIT_CODE": "exited", "EXIT_STATUS": "7"}),
		told(failureID, unitA, "1", kv{"UNIT_RESULT": "exit-code"}),
		told(exitID, unitA, "2", kv{"EXIT_CODE": "killed", "EXIT_STATUS": "9"}),
		told(failureID, unitA, "2", kv{"UNIT_RESULT": "oom-kill"}),
		told(exitID, unitB, "3", kv{"EXIT_CODE": "exited", "EXIT_STATUS": "1"}),
		kv{"_PID": "77", "MESSAGE_ID": exitID, "UNIT": unitA, "EXIT_CODE": "exited", "EXIT_STATUS": "99"}, // forged
	)
	e, ok, err := log.LastExit(t.Context(), unitA)
	want := Exit{At: time.UnixMicro(1_700_000_000_003_000), Code: "killed", Status: 9, Result: "oom-kill", Run: "2"}
	if err != nil || !ok || e != want {
		t.Errorf("%+v, %v, %v; want %+v", e, ok, err, want)
	}
	if e, _, _ := log.LastExit(t.Context(), unitB); e.Status != 1 || e.Result != "" {
		t.Errorf("%+v, want the status of its own unit alone", e)
	}
}
