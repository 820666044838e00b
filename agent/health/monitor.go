// Package health asks running applications how they are: often until the first
// success, then at their interval, for as long as they run. It keeps what the last
// probe saw and calls back only when the state changes.
package health

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

// Monitor probes any number of units, each in its own goroutine.
type Monitor struct {
	// Ask, where it is set before Run, probes in place of the network.
	Ask func(context.Context, Check) Outcome

	// Elsewhere, where it is set before Run, tells where those listen who refuse connections.
	Elsewhere Elsewhere

	changed func(unit string)

	mu     sync.Mutex // guards the fields that follow
	ctx    context.Context
	probes map[string]*watched
	wg     sync.WaitGroup
}

type watched struct {
	*probe
	cancel context.CancelFunc
}

// NewMonitor returns a monitor that calls changed, from any goroutine, when the
// state of a unit changed. It probes nothing until Run.
func NewMonitor(changed func(unit string)) *Monitor {
	return &Monitor{changed: changed, probes: map[string]*watched{}}
}

// Run probes until ctx ends and returns after the last probe did.
func (m *Monitor) Run(ctx context.Context) error {
	m.mu.Lock()
	m.ctx = ctx
	for _, w := range m.probes {
		m.start(w)
	}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	m.ctx = nil
	m.mu.Unlock()
	m.wg.Wait()
	return nil
}

// Watch probes unit by c from now on. The same check again changes nothing.
func (m *Monitor) Watch(unit string, c Check) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, ok := m.probes[unit]; ok {
		if w.check == c {
			return
		}
		w.cancel()
	}
	w := &watched{cancel: func() {}, probe: &probe{
		check: c, ask: m.asker(), changed: func() { m.changed(unit) },
		result: fact.Health{State: fact.Unknown, Since: time.Now()},
	}}
	if m.Elsewhere != nil {
		w.where = func() ([]netip.AddrPort, bool) { return m.Elsewhere(unit) }
	}
	m.probes[unit] = w
	if m.ctx != nil {
		m.start(w)
	}
}

// Forget ends the probing of unit.
func (m *Monitor) Forget(unit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, ok := m.probes[unit]; ok {
		w.cancel()
		delete(m.probes, unit)
	}
}

// Result returns what is known of unit; ok is false when it is not watched.
func (m *Monitor) Result(unit string) (r fact.Health, ok bool) {
	m.mu.Lock()
	w, ok := m.probes[unit]
	m.mu.Unlock()
	if !ok {
		return fact.Health{State: fact.Unknown}, false
	}
	return w.current(), true
}

func (m *Monitor) asker() asker {
	if m.Ask != nil {
		return unconnected(m.Ask)
	}
	return &caller{}
}

// start is called with mu held.
func (m *Monitor) start(w *watched) {
	ctx, cancel := context.WithCancel(m.ctx)
	w.cancel = cancel
	m.wg.Go(func() { defer w.ask.close(); w.run(ctx) })
}

// unconnected is an asker without a connection.
type unconnected func(context.Context, Check) Outcome

func (f unconnected) once(ctx context.Context, c Check) Outcome { return f(ctx, c) }
func (unconnected) close()                                      {}
