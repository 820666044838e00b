package journal

import (
	"context"
	"slices"
	"time"
)

// live is the one child that follows.
type live struct {
	hub  *Hub
	last string // cursor of the last record read, of whatever kind
}

func (l *live) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	items := make(chan Item, 1024)
	ended := make(chan error, 1)
	go func() {
		defer close(items)
		ended <- child(ctx, l.command(), l.reader(ctx, items))
	}()
	l.deal(items)
	return <-ended
}

// command asks for --merge because --follow alone stops at the boot before systemd
// 255, and takes the boot from /proc, which need not be the journal's in a container.
// What --merge adds, the journals of other machines, the reader leaves out.
func (l *live) command() []string {
	from := []string{"--lines=" + lookBack}
	if l.last != "" { // not --after-cursor: before systemd 256 that can skip an entry (systemd#30288)
		from = []string{"--cursor=" + l.last, "--no-tail"}
	}
	return slices.Concat(l.hub.command, []string{"--output=export", "--output-fields=" + readFields + ",_MACHINE_ID",
		"--follow", "--merge", "--no-pager", "--quiet"},
		from, matchAll())
}

// reader attributes records. The first one after a restart must be the last one
// before it; if it is another, what was between them has been vacuumed.
func (l *live) reader(ctx context.Context, items chan<- Item) func(*record) bool {
	resumed := l.last
	return func(r *record) bool {
		if r.machine != "" && l.hub.machine != "" && r.machine != l.hub.machine {
			return true
		}
		l.hub.begin()
		if before := resumed; before != "" {
			resumed = ""
			if sameCursor(before, r.cursor) {
				return true
			}
			l.hub.broken(vacuumed(before))
		}
		l.last = r.cursor
		item, ok := l.hub.attr.item(r)
		if !ok {
			return true
		}
		select {
		case items <- item:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// deal gathers items for a window's length and delivers them together.
func (l *live) deal(items <-chan Item) {
	last := time.Time{}
	for first := range items {
		batch := append(make([]Item, 0, 64), first)
		batch = gather(batch, items, time.Until(last.Add(l.hub.window())))
		last = time.Now()
		l.hub.deliver(batch)
	}
}

// gather adds what is there, and what comes within d.
func gather(batch []Item, items <-chan Item, d time.Duration) []Item {
	var expired <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		expired = t.C
	}
	for len(batch) < maxQueue/4 {
		select {
		case i, ok := <-items:
			if !ok {
				return batch
			}
			batch = append(batch, i)
			continue
		default:
		}
		if expired == nil {
			return batch
		}
		select {
		case i, ok := <-items:
			if !ok {
				return batch
			}
			batch = append(batch, i)
		case <-expired:
			expired = nil
		}
	}
	return batch
}

func sameCursor(a, b string) bool {
	c, err := parseCursor(a)
	d, err2 := parseCursor(b)
	return a == b || err == nil && err2 == nil && c.sameEntry(d)
}
