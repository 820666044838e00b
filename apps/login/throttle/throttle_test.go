package throttle

import (
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func from(account, address, device string) Attempt {
	return Attempt{account, netip.MustParseAddr(address), device}
}

func failTimes(t *testing.T, th *Throttle, a Attempt, n int) {
	t.Helper()
	for i := range n {
		if wait := th.Begin(a); wait != 0 {
			t.Fatalf("attempt %d has to wait %s", i+1, wait)
		}
	}
}

func TestWaitsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New()
		a := from("alice", "192.0.2.1", "")
		failTimes(t, th, a, freeAccount)
		want := firstWait
		for range 20 {
			if got := th.Begin(a); got != want {
				t.Fatalf("wait %s, want %s", got, want)
			}
			time.Sleep(want)
			failTimes(t, th, a, 1)
			want = min(2*want, mostWait)
		}
		time.Sleep(forget + time.Second)
		failTimes(t, th, a, freeAccount)
	})
}

// What strangers do concerns neither the person's own device nor another place.
func TestNobodyIsLockedOutByStrangers(t *testing.T) {
	th := New()
	stranger := from("alice", "192.0.2.1", "")
	failTimes(t, th, stranger, freeAccount)
	if th.Begin(stranger) == 0 {
		t.Fatal("the stranger goes on")
	}
	for name, a := range map[string]Attempt{
		"from elsewhere":                    from("alice", "198.51.100.7", ""),
		"known device":                      from("alice", "198.51.100.7", "laptop"),
		"known device, same address":        from("alice", "192.0.2.1", "laptop"),
		"somebody else at the same address": from("bob", "192.0.2.1", ""),
	} {
		if wait := th.Begin(a); wait != 0 {
			t.Errorf("%s: waits %s", name, wait)
		}
	}
}

func TestManyNamesFromOneAddress(t *testing.T) {
	th := New()
	for i := range freeAddress {
		failTimes(t, th, from("name"+strconv.Itoa(i), "192.0.2.1", ""), 1)
	}
	if th.Begin(from("another", "192.0.2.1", "")) == 0 {
		t.Error("names can be tried without end")
	}
	if wait := th.Begin(from("alice", "192.0.2.1", "laptop")); wait != 0 {
		t.Errorf("a known device at that address waits %s", wait)
	}
}

// One customer has many addresses of IPv6.
func TestOneNetworkIsOneAddress(t *testing.T) {
	th := New()
	for i := range freeAccount {
		failTimes(t, th, from("alice", "2001:db8::"+strconv.Itoa(i+1), ""), 1)
	}
	if th.Begin(from("alice", "2001:db8::ffff", "")) == 0 {
		t.Error("another address of the same network is free")
	}
	if wait := th.Begin(from("alice", "2001:db8:0:1::1", "")); wait != 0 {
		t.Errorf("another network waits %s", wait)
	}
}

func TestSuccess(t *testing.T) {
	th := New()
	mine := from("mallory", "192.0.2.1", "")
	failTimes(t, th, mine, freeAccount-1)
	th.Begin(mine)
	th.Succeed(mine)
	failTimes(t, th, mine, freeAccount)
	// An own account does not reset what the address has tried.
	th = New()
	for i := range freeAddress - 1 {
		failTimes(t, th, from("name"+strconv.Itoa(i), "192.0.2.1", ""), 1)
		failTimes(t, th, mine, 1)
		th.Succeed(mine)
	}
	failTimes(t, th, from("last", "192.0.2.1", ""), 1)
	if th.Begin(mine) == 0 {
		t.Error("success took back the failures of the address")
	}
}

// Attempts that are under way count: else a hundred at once would all be free.
func TestAttemptsAtOnce(t *testing.T) {
	th := New()
	a := from("alice", "192.0.2.1", "")
	free := 0
	for range 100 {
		if th.Begin(a) == 0 {
			free++
		}
	}
	if free != freeAccount {
		t.Errorf("%d attempts at once, want %d", free, freeAccount)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := New()
		for i := range entries * 2 {
			th.mu.Lock()
			th.fail(key{strconv.Itoa(i), "x"}, time.Now())
			th.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
		if n := len(th.known); n > entries {
			t.Errorf("%d entries", n)
		}
	})
}
