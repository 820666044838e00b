package lab

import (
	"fmt"
	"testing"
	"time"
)

// Eventually waits, for at most a minute, until a condition holds outside of this process. holds returns nil then,
// and until then what it sees instead.
func Eventually(t testing.TB, condition string, holds func() error) {
	t.Helper()
	Within(t, time.Minute, condition, holds)
}

// Within is Eventually with a limit of its own.
func Within(t testing.TB, limit time.Duration, condition string, holds func() error) {
	t.Helper()
	last := holds()
	late, again := time.After(limit), time.NewTicker(25*time.Millisecond)
	defer again.Stop()
	for last != nil {
		select {
		case <-again.C:
			last = holds()
		case <-late:
			t.Fatalf("%s: not within %s; last seen: %v", condition, limit, last)
		}
	}
}

// Unless is what a condition returns: nil when it holds, else what it sees instead.
func Unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
