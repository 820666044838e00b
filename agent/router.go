package agent

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// The pace at which a proxy that is away is tried again, and at which one that is
// there is asked whether it still has our table.
const (
	routerFirstPause = 50 * time.Millisecond
	routerLastPause  = 2 * time.Second
	routerCheck      = 15 * time.Second
)

// router brings the newest table to the proxy, however long the proxy is away, and
// tells when a table is in force. One push carries every change made meanwhile.
type router struct {
	proxy Proxy
	log   *slog.Logger
	wake  chan struct{} // capacity 1
	acked func()        // called after every acknowledged table

	mu         sync.Mutex // guards the fields that follow
	table      proxyctl.Table
	wanted     bool             // a table was set
	generation uint64           // of table
	inForce    uint64           // last acknowledged generation
	status     *proxyctl.Status // what the proxy said at the first contact
	connected  bool
	warned     bool
	changed    chan struct{} // closed and replaced at every acknowledgement
}

func newRouter(p Proxy, log *slog.Logger, acked func()) *router {
	return &router{proxy: p, log: log, acked: acked, wake: make(chan struct{}, 1), changed: make(chan struct{})}
}

// set makes t the table to be in force and returns its generation. Without a
// difference it is the generation of the table that is there.
func (r *router) set(t proxyctl.Table) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Generation = r.table.Generation
	if r.wanted && reflect.DeepEqual(t, r.table) {
		return r.generation
	}
	r.generation++
	t.Generation = r.generation
	r.table, r.wanted = t, true
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return r.generation
}

// wait returns when a table of this generation or a later one is in force.
func (r *router) wait(ctx context.Context, generation uint64) error {
	for {
		r.mu.Lock()
		done, changed := r.inForce >= generation, r.changed
		r.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.New("the proxy did not accept the new route table: is nexushub-proxy.service running?")
		}
	}
}

// newest is the generation of the table that is to be in force.
func (r *router) newest() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generation
}

// firstStatus waits for the proxy's first word: what it routes since before our time.
func (r *router) firstStatus() (*proxyctl.Status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status, r.connected
}

// inForceNow returns the last acknowledged generation.
func (r *router) inForceNow() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inForce
}

// Run pushes until ctx ends.
func (r *router) Run(ctx context.Context) error {
	pause := routerFirstPause
	for ctx.Err() == nil {
		if err := r.sync(ctx); err != nil && ctx.Err() == nil {
			r.fail(err)
			sleep(ctx, pause)
			pause = min(2*pause, routerLastPause)
			continue
		}
		pause = routerFirstPause
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-time.After(routerCheck):
			r.check(ctx)
		}
	}
	return nil
}

// sync makes the first contact and pushes what is to be pushed.
func (r *router) sync(ctx context.Context) error {
	if err := r.firstContact(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	t, due := r.table, r.wanted && r.inForce != r.generation
	r.mu.Unlock()
	if !due {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := r.proxy.Apply(ctx, t); err != nil {
		return err
	}
	r.acknowledge(t.Generation)
	return nil
}

// firstContact asks once what the proxy has. Our generations continue from there.
func (r *router) firstContact(ctx context.Context) error {
	if status, _ := r.firstStatus(); status != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	status, err := r.proxy.Status(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.status, r.connected = &status, true
	r.generation += status.Generation
	r.table.Generation = r.generation
	r.mu.Unlock()
	r.acked()
	return nil
}

// check finds a proxy that lost our table, because its state was wiped, say.
func (r *router) check(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	status, err := r.proxy.Status(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && status.Generation != r.inForce {
		r.log.Warn("the proxy has another route table, pushing ours", "proxy", status.Generation, "agent", r.inForce)
		r.generation = max(r.generation, status.Generation) + 1
		r.table.Generation = r.generation
	}
}

func (r *router) acknowledge(generation uint64) {
	r.mu.Lock()
	if r.warned {
		r.log.Info("the proxy accepts the route table again")
	}
	r.inForce, r.connected, r.warned = generation, true, false
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	r.acked()
}

func (r *router) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.warned {
		r.log.Warn("cannot push the route table; the proxy keeps serving with its own", "error", err)
	}
	r.connected, r.warned = false, true
}

// sleep waits unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
