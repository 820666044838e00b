package journal

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// lookBack is how far before the end the first child starts, so that whatever is
// written while it starts is not missed and the ring is warm.
const lookBack = "2000"

// liveLimit is how long a reader waits for the live stream to begin, which it does with
// the first record that the journal has of anything.
const liveLimit = 5 * time.Second

// maxChildren bounds the children that read history at one time.
const maxChildren = 16

// Options are what a Hub needs to know from others. Every function may be nil.
type Options struct {
	Command []string                                     // default journalctl
	Owner   func(unit string) (instance string, ok bool) // whose unit is it
	Units   func(instance string) []string               // which units does it have
	// Part is the process and the replica that a unit of an application is.
	Part func(unit string) (process string, replica int)
	Log  *slog.Logger // default slog.Default()
}

// everyone is the key of the followers of all instances.
const everyone = ""

// Hub deals one child's entries out to all followers.
type Hub struct {
	command []string
	units   func(instance string) []string
	attr    attribution
	log     *slog.Logger
	slots   chan struct{}
	machine string // id of this machine, "" if it is not known

	wakeDir string
	joined  chan struct{} // capacity 1: there is a follower
	began   chan struct{} // closed: the live stream has begun
	begin   func()        // closes it

	mu        sync.Mutex // guards the fields that follow
	followers map[string][]*follower
	number    int       // of followers
	latest    time.Time // when something was delivered
	ring      ring
}

// New returns a Hub that reads history at once, and follows while Run does.
func New(o Options) *Hub {
	h := &Hub{
		command: o.Command, units: o.Units, attr: attribution{owner: o.Owner, part: o.Part}, log: o.Log,
		slots: make(chan struct{}, maxChildren), followers: map[string][]*follower{},
		wakeDir: wakeDir, joined: make(chan struct{}, 1), began: make(chan struct{}),
	}
	h.begin = sync.OnceFunc(func() { close(h.began) })
	if id, err := os.ReadFile("/etc/machine-id"); err == nil {
		h.machine = strings.TrimSpace(string(id))
	}
	if len(h.command) == 0 {
		h.command = []string{"journalctl"}
	}
	if h.units == nil {
		h.units = func(string) []string { return nil }
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	return h
}

// Run follows the journal until ctx ends. A child that dies is replaced by one that
// continues where it was.
func (h *Hub) Run(ctx context.Context) error {
	var waking sync.WaitGroup
	waking.Go(func() { h.wakeJournalctl(ctx) })
	defer waking.Wait()
	l := &live{hub: h}
	delay := 100 * time.Millisecond
	for ctx.Err() == nil {
		started := time.Now()
		err := l.run(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(started) > time.Minute {
			delay = 100 * time.Millisecond
		}
		h.log.Warn("journalctl exited, restarting it", "error", err, "delay", delay)
		pause(ctx, delay)
		delay = min(2*delay, 5*time.Second)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// window is how long items are gathered before they are dealt out.
func (h *Hub) window() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return min(h.perFollowers(), maxInterval)
}

// deliver hands a batch to the ring and to whom it concerns.
func (h *Hub) deliver(batch []Item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = time.Now()
	concerned := map[string][]Item{}
	for _, i := range batch {
		h.ring.add(i)
		for _, id := range []string{i.instance(), everyone} {
			if len(h.followers[id]) > 0 {
				concerned[id] = append(concerned[id], i)
			}
		}
	}
	for id, items := range concerned {
		bytes := sizeOf(items)
		for _, f := range h.followers[id] {
			f.push(items, bytes)
		}
	}
}

// broken tells every follower that the live stream has a gap.
func (h *Hub) broken(g *Gap) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring = ring{}
	for _, followers := range h.followers {
		for _, f := range followers {
			f.push([]Item{{Gap: g}}, 0)
		}
	}
}

// follow registers a reader. If the ring can serve its beginning, the queue already
// holds it and hit is true.
func (h *Hub) follow(q Query, from position) (f *follower, hit bool) {
	f = newFollower(q.Instance)
	h.mu.Lock()
	defer h.mu.Unlock()
	var items []Item
	switch {
	case from.cursor != "":
		items, hit = h.ring.after(q.Instance, from.at)
	case q.unfiltered():
		items, hit = h.ring.tail(q.Instance, q.Lines)
	}
	if hit {
		f.push(items, sizeOf(items))
	}
	h.followers[q.Instance] = append(h.followers[q.Instance], f)
	h.number++
	select {
	case h.joined <- struct{}{}:
	default:
	}
	return f, hit
}

// awaitLive waits until the live stream has begun. History that were read before could end
// further back than the stream looks, and nothing would tell of the hole between them.
func (h *Hub) awaitLive(ctx context.Context) error {
	limit := time.NewTimer(liveLimit)
	defer limit.Stop()
	select {
	case <-h.began:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-limit.C:
		h.log.Warn("the journal has told nothing yet; a reader goes on without waiting", "waited", liveLimit)
		return nil
	}
}

func (h *Hub) leave(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := slices.DeleteFunc(h.followers[f.instance], func(g *follower) bool { return g == f })
	if h.number--; len(rest) == 0 {
		delete(h.followers, f.instance)
		return
	}
	h.followers[f.instance] = rest
}

// history runs a short-lived child over the records that can concern a query.
func (h *Hub) history(ctx context.Context, q Query, args []string, fn func(*record) bool) error {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	options := []string{"--output=export", "--output-fields=" + readFields, "--no-pager", "--quiet"}
	command := slices.Concat(h.command, options, args, h.matches(q))
	err := child(ctx, command, fn)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return err
}

func (h *Hub) matches(q Query) []string {
	switch {
	case q.Unit != "":
		return matchUnit(q.Unit)
	case q.Job != "":
		return matchJob(q.Instance, q.Job, h.units(q.Instance))
	case q.Instance != "":
		return matchInstance(q.Instance, h.units(q.Instance))
	}
	return matchAll()
}
