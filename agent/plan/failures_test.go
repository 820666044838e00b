package plan

import (
	"testing"
	"time"

	"github.com/nexushub/nexushub/units"
)

// TestFailedRestartIsNoOperator: what a failed restart of our own leaves behind must not
// be taken for systemctl stop.
func TestFailedRestartIsNoOperator(t *testing.T) {
	r, b, now := &Replica{}, Backoff{first: time.Second, last: time.Second}, time.Now()
	unit := func(active string) *Unit {
		return &Unit{Status: units.Status{Unit: "u", ActiveState: active, Invocation: "i", Result: "success"}}
	}
	for _, failed := range []bool{true, false} {
		w := new(Failures).Of("u")
		see := func(active string) { w.Observe(r, false, unit(active), b, now) }
		see("active")
		w.StopIsOurs() // as a restart begins
		if failed {
			w.RestartFailed()
		}
		see("deactivating")
		see("inactive")
		if got := w.StoppedByHand(unit("inactive")); got == failed {
			t.Errorf("restart failed: %v, but stopped by hand: %v", failed, got)
		}
		see("active")
		see("inactive")
		if !w.StoppedByHand(unit("inactive")) {
			t.Errorf("restart failed: %v: once it ran again, a stop is an operator's", failed)
		}
	}
}
