package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/internal/publicnet"
	"github.com/nexushub/nexushub/proxyctl"
)

// errDraining says that a target takes no new requests: decide again.
var errDraining = errors.New("target is draining")

const (
	maxIdlePerTarget = 256
	dialTimeout      = 5 * time.Second
	idleUpstream     = 30 * time.Second
)

// target is one address that requests go to. It outlives the snapshots that name it,
// so that its requests in flight stay counted until the last has ended.
type target struct {
	proxyctl.Target
	*common
	dialer net.Dialer

	inFlight        atomic.Int64
	requests        atomic.Uint64
	last            atomic.Int64 // unix nanoseconds of the last request
	draining        atomic.Bool
	avoidedUntil    atomic.Uint64 // tick of the clock, 0: it never failed
	sentUnsolicited atomic.Bool   // it once sent more than its responses
	idled           chan struct{} // sent to whenever inFlight may have become 0 while draining

	mu      sync.Mutex // guards the fields that follow
	idle    []*upstream
	tunnels map[*tunnel]struct{} // WebSockets and other upgraded connections
}

// common is what all targets share.
type common struct {
	clock     *atomic.Uint64 // in ticks
	log       *slog.Logger
	failovers *prometheus.CounterVec
	stickyKey []byte
}

func newTarget(t proxyctl.Target, c *common) *target {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if t.Public {
		dialer.Control = onlyPublic
	}
	return &target{
		Target: t, common: c,
		dialer:  dialer,
		idled:   make(chan struct{}, 1),
		tunnels: map[*tunnel]struct{}{},
	}
}

// onlyPublic refuses what a name leads to at the moment when it is connected to: it may have led
// elsewhere before.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !publicnet.Has(a.Addr()) {
		return fmt.Errorf("%s is not a public address, and who named it may name these alone", address)
	}
	return nil
}

// acquire counts a request in. Both sides count before they look (acquire at
// draining, drain at inFlight), so a drained target never gets another request.
func (t *target) acquire(now time.Time) error {
	t.inFlight.Add(1)
	if t.draining.Load() {
		t.release()
		return errDraining
	}
	t.requests.Add(1)
	t.last.Store(now.UnixNano())
	return nil
}

func (t *target) release() {
	if t.inFlight.Add(-1) == 0 && t.draining.Load() {
		t.signalIdle()
	}
}

func (t *target) signalIdle() {
	select {
	case t.idled <- struct{}{}:
	default:
	}
}

// conn returns an idle connection that has stayed silent, or a new one. It is the last step
// before the request is written: what arrives later is taken for the response. So a target that
// ever sent more than its responses is given each connection once.
func (t *target) conn(ctx context.Context, fresh bool) (*upstream, error) {
	for !fresh && !t.sentUnsolicited.Load() {
		u := t.pop()
		if u == nil {
			break
		}
		if t.probe(u) == probeSilent {
			return u, nil
		}
		u.Close()
	}
	c, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	return newUpstream(c), nil
}

// probe looks at an idle connection and remembers a target that sends unasked.
func (t *target) probe(u *upstream) probeResult {
	q := u.probe.check()
	if q == probeUnsolicited {
		t.sentUnsolicited.Store(true)
	}
	return q
}

func (t *target) dial(ctx context.Context) (net.Conn, error) {
	switch t.Network {
	case "tls":
		d := tls.Dialer{NetDialer: &t.dialer, Config: &tls.Config{NextProtos: []string{"http/1.1"}}}
		return d.DialContext(ctx, "tcp", t.Address)
	case "unix":
		return t.dialer.DialContext(ctx, "unix", t.Address)
	}
	return t.dialer.DialContext(ctx, "tcp", t.Address)
}

func (t *target) pop() *upstream {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.idle)
	if n == 0 {
		return nil
	}
	u := t.idle[n-1]
	t.idle[n-1] = nil
	t.idle = t.idle[:n-1]
	return u
}

// put keeps a connection for the next request.
func (t *target) put(u *upstream, now time.Time) {
	u.used, u.since = true, now
	u.r.Release()
	t.mu.Lock()
	keep := len(t.idle) < maxIdlePerTarget && !t.draining.Load() && !t.sentUnsolicited.Load()
	if keep {
		t.idle = append(t.idle, u)
	}
	t.mu.Unlock()
	if !keep {
		u.Close()
	}
}

// prune closes connections that have been idle for long.
func (t *target) prune(now time.Time) {
	t.mu.Lock()
	n := 0
	for n < len(t.idle) && now.Sub(t.idle[n].since) > idleUpstream {
		n++
	}
	old := append([]*upstream(nil), t.idle[:n]...)
	t.idle = append(t.idle[:0], t.idle[n:]...)
	t.mu.Unlock()
	for _, u := range old {
		t.probe(u)
		u.Close()
	}
}

// drain refuses new requests and waits for those in flight. When ctx ends first, it
// closes the upgraded connections with a close frame and reports what is left.
func (t *target) drain(ctx context.Context) proxyctl.DrainResult {
	t.draining.Store(true)
	defer t.closeIdle()
	defer t.signalIdle() // another drain may wait too
	for t.inFlight.Load() > 0 {
		select {
		case <-t.idled:
		case <-ctx.Done():
			cut := t.inFlight.Load()
			t.closeTunnels()
			return proxyctl.DrainResult{InFlight: cut, TimedOut: true}
		}
	}
	return proxyctl.DrainResult{}
}

func (t *target) closeIdle() { t.prune(time.Now().Add(2 * idleUpstream)) }

// closeTunnels ends every upgraded connection and waits until each is told.
func (t *target) closeTunnels() {
	t.mu.Lock()
	var all []*tunnel
	for s := range t.tunnels {
		all = append(all, s)
	}
	t.mu.Unlock()
	var told sync.WaitGroup
	for _, s := range all {
		told.Go(s.goAway) // a client that does not read holds up no other
	}
	told.Wait()
}
