package lab

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// failing is a test whose end can be looked at.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f)
}

func TestEventuallyReturnsWhenTheConditionHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, looks := time.Now(), 0
		Eventually(t, "the third look is good", func() error {
			if looks++; looks < 3 {
				return errors.New("not yet")
			}
			return nil
		})
		if took := time.Since(start); looks != 3 || took > time.Second {
			t.Errorf("%d looks in %s", looks, took)
		}
	})
}

func TestEventuallySaysWhatItWaitedForAndWhatItSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, start := &failing{TB: t}, time.Now()
		func() {
			defer func() { _ = recover() }()
			Within(f, 30*time.Second, "the route is ready", func() error { return errors.New("it is starting") })
		}()
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, want := range []string{"the route is ready", "30s", "it is starting"} {
			if !strings.Contains(f.message, want) {
				t.Errorf("%q does not say %q", f.message, want)
			}
		}
	})
}
