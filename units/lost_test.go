package units

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// lossCase is one method of Manager, and what has become of the unit once it returns.
type lossCase struct {
	call  func(ctx context.Context, m *Manager, s Spec) error
	holds func(u *peerUnit) bool
	fresh bool // the application does not run before
}

var lossCases = map[string]lossCase{
	"start": {func(ctx context.Context, m *Manager, s Spec) error { return m.Start(ctx, s, Placement{Port: 10000}) },
		once, true},
	"stop":    {func(ctx context.Context, m *Manager, s Spec) error { return m.Stop(ctx, s.UnitName()) }, gone, false},
	"restart": {func(ctx context.Context, m *Manager, s Spec) error { return m.Restart(ctx, s.UnitName()) }, twice, false},
	"kill": {func(ctx context.Context, m *Manager, s Spec) error { return m.Kill(ctx, s.UnitName(), syscall.SIGKILL) },
		func(u *peerUnit) bool { return u != nil && u.hit == 1 }, false},
	"reset": {func(ctx context.Context, m *Manager, s Spec) error { return m.ResetFailed(ctx, s.UnitName()) },
		func(u *peerUnit) bool { return u != nil && u.reset > 0 }, false},
	"get": {func(ctx context.Context, m *Manager, s Spec) error { _, err := m.Get(ctx, s.UnitName()); return err }, once,
		false},
	"list": {listed, once, false},
	"listen": {func(ctx context.Context, m *Manager, _ Spec) error {
		_, _, err := m.ListenAddresses(ctx, "x.socket")
		return err
	}, once, false},
	"ping": {func(ctx context.Context, m *Manager, _ Spec) error { return m.Ping(ctx) }, once, false},
	"describe": {func(ctx context.Context, m *Manager, s Spec) error {
		if _, err := m.Describe(ctx, s, Placement{Port: 10000}); errors.Is(err, ErrDisconnected) {
			return err
		}
		return nil // the peer writes no file
	}, once, false},
}

func once(u *peerUnit) bool  { return u != nil && u.active == "active" && u.started == 1 }
func twice(u *peerUnit) bool { return u != nil && u.active == "active" && u.started == 2 }
func gone(u *peerUnit) bool  { return u == nil }

func listed(ctx context.Context, m *Manager, s Spec) error {
	list, err := m.List(ctx)
	if err == nil && !slices.ContainsFunc(list, func(st Status) bool { return st.Unit == s.UnitName() }) {
		return fmt.Errorf("not listed: %v", list)
	}
	return err
}

// TestLostConnection breaks the connection at each single call of each method, and three
// times in a row: what the method promises holds, and a job takes place once.
func TestLostConnection(t *testing.T) {
	for _, network := range []string{NetworkPort, NetworkSocket} {
		for name, c := range lossCases {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				c.survives(t, network)
			})
		}
	}
}

func (c lossCase) survives(t *testing.T, network string) {
	p, m, s := c.before(t, network)
	p.arm(func(int) string { return "" })
	if err := c.call(t.Context(), m, s); err != nil {
		t.Fatal(err)
	}
	calls := p.heardSoFar()
	var lossy sync.WaitGroup // nearly all of it is waiting
	for call := range calls {
		for _, how := range []string{unheard, unanswered, unfinished} {
			for _, times := range []int{1, 3} {
				p, m, s := c.before(t, network)
				lossy.Go(func() { c.loses(t, p, m, s, loss{how, call + 1, times}) })
			}
		}
	}
	lossy.Wait()
}

// before is a host of its own, where the application runs unless it is to be started.
func (c lossCase) before(t *testing.T, network string) (*peer, *Manager, Spec) {
	p := newPeer(t)
	m := p.manager()
	s := hello()
	s.Exec, s.Network = []string{"/bin/true"}, network
	if !c.fresh {
		if err := m.Start(t.Context(), s, Placement{Port: 10000}); err != nil {
			t.Fatal(err)
		}
	}
	return p, m, s
}

// loss is how the connection breaks, at which call, and how often in a row.
type loss struct {
	how         string
	call, times int
}

func (c lossCase) loses(t *testing.T, p *peer, m *Manager, s Spec, l loss) {
	p.arm(func(n int) string {
		if n < l.call || n >= l.call+l.times {
			return ""
		}
		return l.how
	})
	if err := c.call(t.Context(), m, s); err != nil {
		t.Errorf("%+v: %v", l, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if u := p.units[s.UnitName()]; !c.holds(u) {
		t.Errorf("%+v: it is %+v", l, u)
	}
}
