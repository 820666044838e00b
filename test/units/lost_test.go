package units_test

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/nexushub/nexushub/units"
)

// TestTransactionsOverALostBus: starts and stops hold what they promise while the bus
// goes away under them and PID 1 is executed anew.
func TestTransactionsOverALostBus(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		disturbed := make(chan error, 1)
		go func() {
			for range 4 {
				script := "systemctl reset-failed; systemctl stop dbus.service dbus.socket; sleep 0.2; systemctl start dbus.socket dbus.service; sleep 1; systemctl daemon-reexec; sleep 0.5"
				if err := exec.Command("sh", "-c", script).Run(); err != nil {
					disturbed <- err
					return
				}
			}
			disturbed <- nil
		}()
		s := spec("transaction")
		for rounds := 0; ; rounds++ {
			if err := m.Start(t.Context(), s, place(s)); err != nil {
				t.Fatal(err)
			}
			if st := get(t, m, s.UnitName()); !st.Running() {
				t.Errorf("started, and it is %s", st.ActiveState)
			}
			if err := m.Stop(t.Context(), s.UnitName()); err != nil {
				t.Fatal(err)
			}
			if st, err := m.Get(t.Context(), s.UnitName()); err == nil && !st.Ended() ||
				err != nil && !errors.Is(err, units.ErrNoSuchUnit) {
				t.Errorf("stopped, and it is %s, %v", st.ActiveState, err)
			}
			select {
			case err := <-disturbed:
				if err != nil {
					t.Error(err)
				}
				t.Logf("%d rounds, %d connections", rounds, m.Stats().Connects)
				return
			default:
			}
		}
	})
}
