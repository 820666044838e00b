// Package throttle slows down who guesses passwords, in a way that cannot be turned against the
// person whose password is guessed: failures count for an account together with where they come
// from, and for that place; never for the account alone. A device from which the account has been
// entered before counts for itself, so no stranger's failures concern it, not even those of a
// stranger behind the same address. It knows nothing of which accounts there are.
package throttle

import (
	"net/netip"
	"sync"
	"time"
)

// Attempt is one try to sign in.
type Attempt struct {
	Account string
	Address netip.Addr
	Device  string // that the account is known to have used; empty: none
}

// How many failures are free before each further one costs a wait, which doubles.
const (
	freeAccount = 5  // for one account from one address
	freeDevice  = 10 // for one account from a known device
	freeAddress = 30 // from one address, whatever the account

	firstWait = 2 * time.Second
	mostWait  = 15 * time.Minute
	forget    = time.Hour // after the last failure
)

// entries bounds the memory; beyond it, what is the longest ago is forgotten.
const entries = 1 << 16

type key struct {
	account string
	from    string
}

type entry struct {
	failures int
	last     time.Time
}

// Throttle remembers failures, in memory: a restart forgets them, which nobody from outside can cause.
type Throttle struct {
	mu    sync.Mutex // guards the field that follows
	known map[key]entry
}

// New remembers nothing yet.
func New() *Throttle { return &Throttle{known: map[key]entry{}} }

// Begin says how long to wait before the attempt may be made; if not at all, the attempt counts as
// failed until Succeed says otherwise. So many at once are no way around.
func (t *Throttle) Begin(a Attempt) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	var wait time.Duration
	for k, free := range a.keys() {
		wait = max(wait, t.known[k].wait(free, now))
	}
	if wait > 0 {
		return wait
	}
	for k := range a.keys() {
		t.fail(k, now)
	}
	return 0
}

// Succeed takes back what Begin has counted, and forgets the failures for the account. Those of the
// address stay: who has an account of his own could else guess at others for ever.
func (t *Throttle) Succeed(a Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range a.keys() {
		if k.account != "" {
			delete(t.known, k)
			continue
		}
		e := t.known[k]
		e.failures = max(0, e.failures-1)
		t.known[k] = e
	}
}

func (a Attempt) keys() map[key]int {
	if a.Device != "" {
		return map[key]int{{a.Account, "device " + a.Device}: freeDevice}
	}
	address := network(a.Address)
	return map[key]int{{a.Account, address}: freeAccount, {"", address}: freeAddress}
}

// network is what one customer of a provider has: with IPv6, a network of 64 bits at least.
func network(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (e entry) wait(free int, now time.Time) time.Duration {
	since := now.Sub(e.last)
	if e.failures < free || since > forget {
		return 0
	}
	wait := mostWait
	if n := e.failures - free; n < 16 {
		wait = min(firstWait<<n, mostWait)
	}
	return max(0, wait-since)
}

func (t *Throttle) fail(k key, now time.Time) {
	e := t.known[k]
	if now.Sub(e.last) > forget {
		e.failures = 0
	}
	if e.failures == 0 && len(t.known) >= entries {
		t.makeRoom(now)
	}
	t.known[k] = entry{e.failures + 1, now}
}

// makeRoom forgets what is over, and else the older half.
func (t *Throttle) makeRoom(now time.Time) {
	oldest := now
	for k, e := range t.known {
		if now.Sub(e.last) > forget {
			delete(t.known, k)
		} else if e.last.Before(oldest) {
			oldest = e.last
		}
	}
	if len(t.known) < entries {
		return
	}
	middle := oldest.Add(now.Sub(oldest) / 2)
	for k, e := range t.known {
		if !e.last.After(middle) {
			delete(t.known, k)
		}
	}
}
