package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
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

// TestPauses: how long the agent keeps a unit from being started, after runs that ended one after the
// other. PID 1 starts it again where the agent does not.
func TestPauses(t *testing.T) {
	const never = -1 // the run was not healthy
	web := Replica{Process: manifest.Web, Health: manifest.Health{Type: "http"}}
	mute := Replica{Process: manifest.Web, Health: manifest.Health{Type: "none"}}
	worker := Replica{Process: "worker", Health: manifest.Health{Type: "none"}}
	for _, tt := range []struct {
		name    string // why this is right
		replica Replica
		hasGood bool
		healthy []time.Duration // each run, for so long
		want    []time.Duration // the pause after it, up to a tenth less
		gaveUp  bool
	}{
		{"a crash loop is slowed down", web, false, []time.Duration{never, never, never, never}, seconds(0, 4, 8, 15), false},
		{"who is killed is back at once, however often", web, false, seconds(3, 3, 3, 3), seconds(0, 0, 0, 0), false},
		{"who falls after a moment is started once in a while", web, false, seconds(1, 1, 1), seconds(1, 1, 1), false},
		{"a run that worked ends the row", web, false, []time.Duration{never, never, 3 * time.Second, never, never},
			seconds(0, 4, 0, 4, 8), false},
		{"who cannot be asked has not worked until it lasts", mute, false, seconds(3, 3, 6), seconds(0, 4, 0), false},
		{"a worker has lasted before it is healthy", worker, false, seconds(3, 3), seconds(0, 0), false},
		{"beside a good one, what crashes is not good", web, true, seconds(3, 3), seconds(0, 4), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, now := Backoff{first: 2 * time.Second, last: 15 * time.Second, healthy: time.Minute}, noon
			w := new(Failures).Of("u")
			u := &Unit{Probed: tt.replica.Probed()}
			see := func() { w.Observe(&tt.replica, tt.hasGood, u, b, now) }
			w.Observe(&tt.replica, tt.hasGood, nil, b, now)
			for i, healthy := range tt.healthy {
				u.Invocation, u.ActiveState, u.SubState, u.ActiveAt = fmt.Sprint(i), "active", "running", now
				u.Health.State, u.Fresh = fact.Unknown, healthy == never
				see()
				u.Health.State = fact.Healthy
				if healthy != never {
					see()
					now = now.Add(healthy)
				}
				least := 2 * time.Second
				if !tt.replica.Probed() && tt.replica.IsWeb() {
					least = steadyAfter
				}
				if see(); w.Trouble.Proven != (healthy >= least) {
					t.Errorf("after %s of health, run %d is proven: %t", healthy, i, w.Trouble.Proven)
				}
				u.ActiveState, u.SubState = "activating", "auto-restart"
				see()
				pause := max(0, w.Trouble.NextTry.Sub(now))
				if pause > tt.want[i] || pause < tt.want[i]*9/10 {
					t.Errorf("after run %d it waits %s, want %s", i, pause, tt.want[i])
				}
				u.NRestarts++
				now = now.Add(pause)
			}
			if w.Trouble.Attempt != len(tt.healthy) || w.Trouble.GaveUp != tt.gaveUp {
				t.Errorf("trouble %+v after %d failures", w.Trouble, len(tt.healthy))
			}
		})
	}
}

func seconds(list ...int) (all []time.Duration) {
	for _, n := range list {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}
