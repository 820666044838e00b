// Package ports hands out the loopback ports that applications listen on: round
// robin through one range, so that a port just given up is the last to come again.
// A lease belongs to a unit and ends when that unit is known to be gone, never
// earlier: until then a late packet could still reach the old process.
package ports

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"sync"
)

// ErrExhausted says that every port of the range is leased or taken by others.
var ErrExhausted = errors.New("no free port")

// Saved is what survives a restart of the agent.
type Saved struct {
	Next   int            `json:"next"`
	Leases map[string]int `json:"leases"` // unit -> port
}

// Allocator leases ports to units. It is safe for concurrent use.
type Allocator struct {
	first, last int
	probe       func(port int) error

	mu     sync.Mutex // guards the fields that follow
	next   int
	leases map[string]int
	taken  map[int]string
}

// New returns an allocator for first..last that continues where saved left off.
func New(first, last int, saved Saved) *Allocator {
	a := &Allocator{
		first: first, last: last, probe: bindProbe,
		next: saved.Next, leases: map[string]int{}, taken: map[int]string{},
	}
	for unit, port := range saved.Leases {
		a.Reserve(unit, port)
	}
	return a
}

// Take leases a port to unit. A unit that has one keeps it.
func (a *Allocator) Take(unit string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	port, err := a.find(unit)
	if err == nil {
		a.leases[unit], a.taken[port] = port, unit
	}
	return port, err
}

// Look returns a port for unit as Take does, without a lease.
func (a *Allocator) Look(unit string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(unit)
}

// find is called with mu held.
func (a *Allocator) find(unit string) (int, error) {
	if port, ok := a.leases[unit]; ok {
		return port, nil
	}
	for range a.last - a.first + 1 {
		port := a.advance()
		if _, leased := a.taken[port]; !leased && a.probe(port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("%w in %d-%d: %d are leased; widen [ports] in nexushub.toml", ErrExhausted, a.first, a.last,
		len(a.taken))
}

// Reserve records the port of a unit that already runs.
func (a *Allocator) Reserve(unit string, port int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if port == 0 || a.leases[unit] == port {
		return
	}
	delete(a.taken, a.leases[unit])
	a.leases[unit], a.taken[port] = port, unit
}

// Release ends the lease of a unit that is gone.
func (a *Allocator) Release(unit string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if port, ok := a.leases[unit]; ok {
		delete(a.taken, port)
		delete(a.leases, unit)
	}
}

// Units returns the units that hold a lease.
func (a *Allocator) Units() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	units := make([]string, 0, len(a.leases))
	for unit := range a.leases {
		units = append(units, unit)
	}
	return units
}

// Snapshot returns what is to be saved.
func (a *Allocator) Snapshot() Saved {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Saved{Next: a.next, Leases: maps.Clone(a.leases)}
}

func (a *Allocator) advance() int {
	if a.next < a.first || a.next > a.last {
		a.next = a.first
	}
	port := a.next
	a.next++
	return port
}

// bindProbe finds out whether somebody outside our books listens there.
func bindProbe(port int) error {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}
