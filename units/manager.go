package units

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Manager runs applications as transient units of this host's systemd. Its methods are
// bounded in time and safe for concurrent use; while the bus is away they wait for it
// as long as ctx allows.
type Manager struct {
	opts   options
	slots  chan struct{} // bounds the calls in flight
	jobs   chan struct{} // bounds the jobs in flight
	events *Queue
	stats  counters

	mu      sync.Mutex    // guards the fields that follow
	link    *link         // nil while disconnected
	linked  chan struct{} // closed once there is a link
	over    bool          // Run has ended
	caps    Capabilities
	records map[string]*record
	refs    map[string]bool // units that we hold a reference to on this link
}

// counters are read by Stats.
type counters struct{ calls, errors, signals, connects atomic.Uint64 }

// Stats counts what went over the bus since the Manager was made.
type Stats struct {
	Calls, CallErrors, Signals, Connects uint64
}

type options struct {
	address string // of the bus; empty: the system bus
	log     *slog.Logger
	pause   time.Duration // before a lost call is made again
}

// Option changes what Dial uses.
type Option func(*options)

// WithLog sets where lost and new connections are logged; the default is slog.Default.
func WithLog(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// Dial connects to PID 1, takes a reference to every application that runs, stops what is
// left of those that do not, and reads what this host can enforce. Run must then be called
// to keep the connection. Errors wrap ErrDisconnected.
func Dial(ctx context.Context, opts ...Option) (*Manager, error) {
	o := options{log: slog.Default(), pause: 200 * time.Millisecond}
	for _, f := range opts {
		f(&o)
	}
	m := &Manager{
		opts: o, slots: make(chan struct{}, callsAtOnce), jobs: make(chan struct{}, jobsAtOnce), events: NewQueue(),
		linked: make(chan struct{}), records: map[string]*record{}, refs: map[string]bool{},
	}
	l, err := connect(ctx, o.address)
	if err != nil {
		return nil, err
	}
	if err := m.adopt(ctx, l); err != nil {
		l.close()
		return nil, err
	}
	if err := m.stopOrphanedGates(ctx); err != nil {
		m.drop(l)
		return nil, err
	}
	return m, nil
}

// Run keeps the connection until ctx ends: it reads signals, and when the bus is lost
// it reconnects with back-off and sends Resync. Applications never notice.
func (m *Manager) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return m.events.Run(ctx) })
	g.Go(func() error { return m.keepConnected(ctx) })
	err := g.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
	if m.link == nil {
		close(m.linked) // nobody waits for what will not come
	}
	return err
}

func (m *Manager) keepConnected(ctx context.Context) error {
	for {
		if l := m.current(); l != nil {
			m.readSignals(ctx, l)
			m.drop(l)
		}
		if ctx.Err() != nil {
			return nil
		}
		m.opts.log.WarnContext(ctx, "lost the connection to systemd, reconnecting")
		m.reconnect(ctx)
	}
}

func (m *Manager) current() *link {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.link
}

// reconnect tries until it succeeds or ctx ends: 100 ms doubling to 5 s.
func (m *Manager) reconnect(ctx context.Context) {
	for delay := 100 * time.Millisecond; ctx.Err() == nil; delay = min(2*delay, 5*time.Second) {
		l, err := connect(ctx, m.opts.address)
		if err == nil {
			if err = m.adopt(ctx, l); err == nil {
				m.opts.log.InfoContext(ctx, "reconnected to systemd")
				return
			}
			l.close()
		}
		m.opts.log.DebugContext(ctx, "systemd is not reachable", "error", err, "next_try", delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
}

// adopt makes a fresh link the current one. References and subscriptions died with the
// old one, so references are taken again before Resync is sent.
func (m *Manager) adopt(ctx context.Context, l *link) error {
	caps, err := m.detect(ctx, l)
	if err != nil {
		return err
	}
	if err := m.referenceAll(ctx, l); err != nil {
		return err
	}
	m.stats.connects.Add(1)
	m.mu.Lock()
	m.link, m.caps = l, caps
	for _, r := range m.records {
		r.changes++
	}
	close(m.linked)
	m.mu.Unlock()
	m.events.Put(Event{Resync: true})
	return nil
}

func (m *Manager) drop(l *link) {
	m.mu.Lock()
	if m.link == l {
		m.link, m.linked = nil, make(chan struct{})
	}
	m.mu.Unlock()
	l.close()
}

// connected returns the current link, waiting for one as long as a call may take.
func (m *Manager) connected(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for {
		m.mu.Lock()
		l, linked, over := m.link, m.linked, m.over
		m.mu.Unlock()
		if l != nil {
			return l, nil
		}
		if over {
			return nil, errOver
		}
		select {
		case <-linked:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrDisconnected, ctx.Err())
		}
	}
}

// Events says what to read again. Events are coalesced, so a slow reader misses none and delays
// nobody; before Run they only collect.
func (m *Manager) Events() <-chan Event { return m.events.Events() }

// Capabilities returns what this host can enforce, as read at the last connect.
func (m *Manager) Capabilities() Capabilities {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.caps
}

// Stats returns what went over the bus so far.
func (m *Manager) Stats() Stats {
	return Stats{m.stats.calls.Load(), m.stats.errors.Load(), m.stats.signals.Load(), m.stats.connects.Load()}
}

// errOver is for calls after Run has ended.
var errOver = fmt.Errorf("%w: the manager has stopped", ErrDisconnected)

// Ping checks that PID 1 answers, for the watchdog.
func (m *Manager) Ping(ctx context.Context) error {
	return m.call(ctx, systemdPath, "org.freedesktop.DBus.Peer.Ping", nil)
}
