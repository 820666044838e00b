package units_test

import (
	"os"
	"slices"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// TestNotify: READY completes the start, STATUS is shown, and a unit that misses its watchdog is killed.
func TestNotify(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("notify", self, "serve")
		s.Notify, s.WatchdogSec = true, 3
		st := start(t, m, s)
		if !st.Running() || st.StatusText != "serving" {
			t.Errorf("%s, status text %q", st.ActiveState, st.StatusText)
		}
		lab.Eventually(t, "the watchdog ends the unit", func() error {
			exit := get(t, m, st.Unit).LastExit
			return lab.Unless(exit.Result == "watchdog", "last exit: %s", exit)
		})
		t.Logf("last exit: %s", get(t, m, st.Unit).LastExit)
		stop(t, m, st.Unit)
	})
}

// TestDropIns: what an operator adds for one or for all applications applies and is shown.
func TestDropIns(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("dropin", self, "serve")
		all, one := "/etc/systemd/system/nexushub-app-.service.d/all.conf", "/etc/systemd/system/"+
			s.UnitName()+".d/one.conf"
		sh(t, "mkdir -p $(dirname "+all+") $(dirname "+one+")")
		for file, text := range map[string]string{all: "[Service]\nEnvironment=EVERY=one\n",
			one: "[Service]\nEnvironment=ONLY=this\n"} {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		sh(t, "systemctl daemon-reload")
		st := start(t, m, s)
		if !slices.Contains(st.DropIns, all) || !slices.Contains(st.DropIns, one) {
			t.Errorf("drop-ins %v", st.DropIns)
		}
		for name, want := range map[string]string{"EVERY": "one", "ONLY": "this", "PORT": "12345"} {
			if got := ask(t, "tcp", "127.0.0.1:12345", "/env", "name", name); got != want {
				t.Errorf("%s=%q, want %q", name, got, want)
			}
		}
		stop(t, m, st.Unit)
	})
}

// TestOperatorStops: `systemctl stop` ends the unit, which stays to be read and can be
// started again by us.
func TestOperatorStops(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("byhand")
		unit := start(t, m, s).Unit
		sh(t, "systemctl stop "+unit)
		lab.Eventually(t, "the manager sees that the unit has stopped", func() error {
			st := get(t, m, unit)
			return lab.Unless(st.Ended(), "it is %s/%s", st.ActiveState, st.SubState)
		})
		list, err := m.List(t.Context())
		if err != nil || len(list) != 1 || !list[0].Ended() {
			t.Errorf("list: %+v, %v", list, err)
		}
		if st := start(t, m, s); !st.Running() {
			t.Errorf("after a start it is %s", st.ActiveState)
		}
		stop(t, m, unit)
		nothingLeft(t)
	})
}
