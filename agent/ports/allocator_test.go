package ports

import (
	"errors"
	"net"
	"reflect"
	"testing"
)

func free(int) error { return nil }

func newTest(t *testing.T, first, last int, saved Saved) *Allocator {
	t.Helper()
	a := New(first, last, saved)
	a.probe = free
	return a
}

func take(t *testing.T, a *Allocator, unit string) int {
	t.Helper()
	port, err := a.Take(unit)
	if err != nil {
		t.Fatalf("Take(%s): %v", unit, err)
	}
	return port
}

func TestRoundRobinDoesNotReuseSoon(t *testing.T) {
	a := newTest(t, 10, 12, Saved{})
	if got := take(t, a, "a"); got != 10 {
		t.Errorf("first = %d, want 10", got)
	}
	a.Release("a")
	if got := take(t, a, "b"); got != 11 {
		t.Errorf("after release = %d, want 11: 10 must rest", got)
	}
	take(t, a, "c")
	if got := take(t, a, "d"); got != 10 {
		t.Errorf("wrapped = %d, want 10", got)
	}
}

func TestLeaseIsKeptUntilTheUnitIsGone(t *testing.T) {
	a := newTest(t, 10, 11, Saved{})
	take(t, a, "a")
	take(t, a, "b")
	if got := take(t, a, "a"); got != 10 {
		t.Errorf("second Take of one unit = %d, want its lease 10", got)
	}
	if _, err := a.Take("c"); !errors.Is(err, ErrExhausted) {
		t.Errorf("error = %v, want ErrExhausted", err)
	}
}

func TestSavedLeasesAndAdoptedOnes(t *testing.T) {
	a := newTest(t, 10, 13, Saved{Next: 12, Leases: map[string]int{"old": 12}})
	a.Reserve("adopted", 13)
	if got := take(t, a, "new"); got != 10 {
		t.Errorf("port = %d, want 10: 12 and 13 are held", got)
	}
	want := Saved{Next: 11, Leases: map[string]int{"old": 12, "adopted": 13, "new": 10}}
	if got := a.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("snapshot = %+v, want %+v", got, want)
	}
}

func TestReserveMovesALease(t *testing.T) {
	a := newTest(t, 10, 11, Saved{Leases: map[string]int{"u": 10}})
	a.Reserve("u", 11)
	if got := take(t, a, "v"); got != 10 {
		t.Errorf("port = %d, want 10, which u gave up", got)
	}
}

func TestBindProbeSkipsABusyPort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy := l.Addr().(*net.TCPAddr).Port
	a := New(busy, busy, Saved{})
	if _, err := a.Take("u"); !errors.Is(err, ErrExhausted) {
		t.Errorf("error = %v, want ErrExhausted: %d is taken", err, busy)
	}
}

func TestLookLeasesNothing(t *testing.T) {
	a := newTest(t, 10, 12, Saved{})
	leased := take(t, a, "a")
	if port, err := a.Look("a"); err != nil || port != leased {
		t.Errorf("Look(a) = %d, %v; want %d", port, err, leased)
	}
	for range 4 { // more often than there are ports
		if port, err := a.Look("b"); err != nil || port == leased {
			t.Errorf("Look(b) = %d, %v", port, err)
		}
	}
	if got := a.Units(); !reflect.DeepEqual(got, []string{"a"}) {
		t.Errorf("leased to %v", got)
	}
}
