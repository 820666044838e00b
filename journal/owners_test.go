package journal

import (
	"testing"
	"time"
)

func TestOwners(t *testing.T) {
	j := newFakeJournal(t)
	logged := func(action, unit, instance string) kv {
		return kv{"_SYSTEMD_UNIT": agentUnit, "NEXUSHUB_ACTION": action, "NEXUSHUB_UNIT": unit, "NEXUSHUB_INSTANCE": instance}
	}
	j.write(
		logged("start", unitA, idA),
		logged("stop", unitB, idB),
		logged("route", "nexushub-app-c-00000000.service", idB),
		logged("start", "dbus.service", idB),
		logged("start", unitB, idA).with("_SYSTEMD_UNIT", unitA), // forged
	)
	var got []string
	err := UnitLog{Hub: j.hub(owners)}.Owners(t.Context(), func(unit, instance string, at time.Time) {
		if at.IsZero() {
			t.Errorf("%s: no time", unit)
		}
		got = append(got, unit+"="+instance)
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, unitB+"="+idB+" "+unitA+"="+idA)
}
