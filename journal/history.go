package journal

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// batchSize is how many items history hands over at once.
const batchSize = 256

// Bounds of what is read backwards, and so held in memory.
const (
	maxTailBytes = 64 << 20
	maxHeads     = 64 // records looked at for the beginning of a line in pieces
)

// history reads what is stored already.
func (r *instanceReader) history(ctx context.Context, from position) error {
	switch {
	case from.cursor != "":
		return r.behind(ctx, from)
	case r.q.Previous:
		return r.backwards(ctx, &previousRun{lines: r.q.Lines})
	case r.q.Lines == All:
		return r.forwards(ctx, r.times(), func(*record) error { return nil })
	}
	return r.backwards(ctx, &tail{lines: r.q.Lines, wants: r.q.wants})
}

// behind reads from after an entry. The first record must be that entry; if not, the
// journal no longer has it.
func (r *instanceReader) behind(ctx context.Context, from position) error {
	found, any := false, false
	err := r.forwards(ctx, []string{"--cursor=" + from.cursor}, func(rec *record) error {
		if any {
			return nil
		}
		any = true
		at, err := parseCursor(rec.cursor)
		if found = err == nil && at.sameEntry(from.at); found {
			return errSkip
		}
		return r.missed(ctx, from)
	})
	if err == nil && !any {
		err = r.missed(ctx, from)
	}
	return err
}

// missed looks whether the entry is really gone: the selection of an instance may have
// changed, since its units come and go.
func (r *instanceReader) missed(ctx context.Context, from position) error {
	there, err := r.hub.has(ctx, from)
	if err != nil || there {
		return err
	}
	r.skip = 0
	r.out = append(r.out, Item{Gap: vacuumed(from.cursor)})
	return nil
}

// has asks the journal for the very entry.
func (h *Hub) has(ctx context.Context, from position) (there bool, err error) {
	command := slices.Concat(h.command, []string{"--output=export", "--output-fields=_PID", "--no-pager", "--quiet",
		"--lines=1", "--no-tail", "--cursor=" + from.cursor})
	err = child(ctx, command, func(rec *record) bool {
		at, err := parseCursor(rec.cursor)
		there = err == nil && at.sameEntry(from.at)
		return false
	})
	return there, err
}

// errSkip leaves a record out.
var errSkip = fmt.Errorf("skip")

// forwards reads in the order of the journal; each record goes to check first.
func (r *instanceReader) forwards(ctx context.Context, args []string, check func(*record) error) (err error) {
	failed := r.hub.history(ctx, r.q, args, func(rec *record) bool {
		switch err = check(rec); {
		case err == errSkip:
			err = nil
			r.mark(rec.cursor)
			return true
		case err != nil:
			return false
		}
		r.mark(rec.cursor)
		if item, ok := r.hub.attr.item(rec); ok && r.q.concerns(item) {
			r.take(item)
		}
		if len(r.out) >= batchSize {
			err = r.flush()
		}
		return err == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// backwards collects from the end, and takes in what was collected in order.
func (r *instanceReader) backwards(ctx context.Context, c collector) error {
	var items []Item
	bytes, first := 0, ""
	err := r.hub.history(ctx, r.q, append(r.times(), "--reverse"), func(rec *record) bool {
		if first == "" {
			first = rec.cursor
		}
		item, ok := r.hub.attr.item(rec)
		if !ok || !r.q.concerns(item) {
			return true
		}
		keep, more := c.collect(item)
		if keep {
			items = append(items, item)
			bytes += item.size()
		}
		return more && bytes < maxTailBytes
	})
	if err != nil {
		return err
	}
	slices.Reverse(items)
	for _, i := range items {
		r.take(i)
	}
	r.mark(first)
	r.last(r.q.Lines)
	return nil
}

// last cuts the output to the last n entries. More were collected where lines came in
// pieces.
func (r *instanceReader) last(n int) {
	if n == All {
		return
	}
	first := len(r.out)
	for left := n; first > 0; {
		if r.out[first-1].Entry != nil {
			if left == 0 {
				break
			}
			left--
		}
		first--
	}
	if n == 0 {
		first = len(r.out)
	}
	r.out = r.out[first:]
}

// mark remembers how far history went.
func (r *instanceReader) mark(at string) {
	if c, err := parseCursor(at); err == nil {
		r.seen, r.resume = &c, at
	}
}

// times narrows a child to the wanted range; the exact comparison is Query's.
func (r *instanceReader) times() (args []string) {
	if !r.q.Since.IsZero() {
		args = append(args, "--since="+journalTime(r.q.Since))
	}
	if !r.q.Until.IsZero() {
		args = append(args, "--until="+journalTime(r.q.Until.Add(time.Second)))
	}
	return args
}

func journalTime(t time.Time) string { return fmt.Sprintf("@%d", t.Unix()) }
