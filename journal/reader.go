package journal

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrSlow ends a reading whose reader did not keep up; the Gap before it says so too.
var ErrSlow = errors.New("journal: reader is too slow")

// errEnough ends a reading from inside.
var errEnough = errors.New("journal: enough")

// Heartbeat is how long a follower hears nothing before it gets an empty batch.
const Heartbeat = 15 * time.Second

// Item is what a reader gets: an entry or a gap.
type Item struct {
	Entry *Entry
	Gap   *Gap
}

func (i Item) instance() string {
	if i.Gap != nil {
		return i.Gap.instance
	}
	return i.Entry.Instance
}

// Items reads an instance's log: history, and with Follow then whatever comes, without
// a loss or repeat between the two. Items come in batches; an empty batch is a sign of
// life. After an error nothing follows.
func (h *Hub) Items(ctx context.Context, q Query) iter.Seq2[[]Item, error] {
	return func(yield func([]Item, error) bool) {
		r := &instanceReader{hub: h, q: q, yield: yield}
		err := r.run(ctx)
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// instanceReader is one reader's way through the journal.
type instanceReader struct {
	hub   *Hub
	q     Query
	yield func([]Item, error) bool

	joiner joiner
	skip   int     // entries to leave out: delivered before the reader came back
	seen   *cursor // the last entry of history; what is live is behind it
	resume string  // cursor of the same
	out    []Item
}

func (r *instanceReader) run(ctx context.Context) error {
	from, err := r.start()
	if err != nil {
		return err
	}
	if !r.q.Follow {
		return r.once(ctx, from)
	}
	f, hit := r.hub.follow(r.q, from)
	defer r.hub.leave(f)
	if !hit {
		if err := r.hub.awaitLive(ctx); err != nil {
			return err
		}
		if err := r.catchUp(ctx, f, from); err != nil {
			return err
		}
	}
	return r.live(ctx, f)
}

func (r *instanceReader) start() (from position, err error) {
	if r.q.After == "" {
		return from, nil
	}
	if from, err = parsePosition(r.q.After); err != nil {
		return from, err
	}
	r.joiner.clean, r.skip = from.cursor, from.skip
	return from, nil
}

// once is reading without following.
func (r *instanceReader) once(ctx context.Context, from position) error {
	if err := r.history(ctx, from); err != nil {
		return err
	}
	for _, e := range r.joiner.flush() {
		r.put(e)
	}
	return r.flush()
}

// catchUp reads history until the follower's queue holds everything behind it: where a
// long history let the queue run over, it reads on from where it was.
func (r *instanceReader) catchUp(ctx context.Context, f *follower, from position) error {
	for {
		if err := r.history(ctx, from); err != nil {
			return err
		}
		if err := r.flush(); err != nil {
			return err
		}
		if !f.overflowed() {
			return nil
		}
		f.take()
		from = position{cursor: r.resume}
		if r.seen != nil {
			from.at = *r.seen
		}
	}
}

// live deals with the queue until the reader leaves or falls behind.
func (r *instanceReader) live(ctx context.Context, f *follower) error {
	beat := time.NewTimer(Heartbeat)
	defer beat.Stop()
	if !r.yield(nil, nil) { // the reader learns that it is connected
		return errEnough
	}
	for {
		batches, lost := f.take()
		for _, items := range batches {
			for _, i := range items {
				r.add(i)
			}
		}
		if lost {
			r.out = append(r.out, Item{Gap: slow()})
			return errors.Join(r.flush(), ErrSlow)
		}
		if err := r.flush(); err != nil {
			return err
		}
		beat.Reset(Heartbeat)
		if err := r.wait(ctx, f, beat); err != nil {
			return err
		}
	}
}

func (r *instanceReader) wait(ctx context.Context, f *follower, beat *time.Timer) error {
	for {
		select {
		case <-f.wake:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if !r.yield(nil, nil) {
				return errEnough
			}
			beat.Reset(Heartbeat)
		}
	}
}

// add takes in what is live, unless history had it. Once an entry is behind history
// all later ones are.
func (r *instanceReader) add(i Item) {
	if r.seen != nil {
		if !i.after(*r.seen) {
			return
		}
		if i.Entry != nil {
			r.seen = nil
		}
	}
	if r.q.concerns(i) || i.instance() == "" {
		r.take(i)
	}
}

// take is the way of every item, old or live: joined, skipped, filtered, put out.
func (r *instanceReader) take(i Item) {
	switch {
	case i.Gap != nil:
		r.out = append(r.out, i)
	case r.joiner.passes(i.Entry):
		r.put(i.Entry)
	default:
		for _, e := range r.joiner.add(i.Entry) {
			r.put(e)
		}
	}
}

func (r *instanceReader) put(e *Entry) {
	switch {
	case r.skip > 0:
		r.skip--
	case r.q.wants(e):
		r.out = append(r.out, Item{Entry: e})
	}
}

// flush hands the batch over.
func (r *instanceReader) flush() error {
	if len(r.out) == 0 {
		return nil
	}
	out := r.out
	r.out = nil
	if !r.yield(out, nil) {
		return errEnough
	}
	return nil
}

// after is true for gaps that have no place of their own.
func (i Item) after(c cursor) bool {
	if i.Entry != nil {
		return i.Entry.at.after(c)
	}
	at, err := parseCursor(i.Gap.ID)
	return err != nil || i.Gap.Reason == Vacuumed || at.after(c)
}
