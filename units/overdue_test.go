package units

import (
	"testing"
	"time"
)

// TestEnding: a unit has its whole grace period, and that once.
func TestEnding(t *testing.T) {
	second := func(n int) time.Time { return time.Unix(int64(n), 0) }
	stopping := func(since int) Status { return Status{ActiveState: "deactivating", Since: second(since)} }
	steps := []struct {
		name  string
		st    Status
		at    int
		again time.Duration
		due   bool
	}{
		{"the bus was away, nothing has begun", Status{ActiveState: "active", Since: second(0)}, 60, time.Second, false},
		{"it has begun just now", stopping(61), 61, 12 * time.Second, false},
		{"it has begun anew", stopping(70), 70, 3 * time.Second, false},
		{"its time is over, whatever it has begun", stopping(73), 73, time.Second, true},
		{"it forks faster than it is killed", stopping(74), 74, time.Second, true},
		{"it is down", Status{ActiveState: "failed", Since: second(75)}, 75, time.Second, false},
	}
	end := ending{grace: 10 * time.Second}
	for _, s := range steps {
		if again, due := end.due(s.st, second(s.at)); again != s.again || due != s.due {
			t.Errorf("%s: again in %s, due %t; want %s, %t", s.name, again, due, s.again, s.due)
		}
	}
}
