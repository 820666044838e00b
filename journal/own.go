package journal

import (
	"context"
	"slices"
	"time"
)

// OwnQuery says which entries of the agent's own unit are wanted. An application cannot write one:
// journald says from which unit an entry is.
type OwnQuery struct {
	Match        []string // FIELD=VALUE, as journalctl takes them
	Since, Until time.Time
	After        string // cursor of the last entry seen
}

// OwnLine is one of them, by its fields.
type OwnLine struct {
	Cursor string
	At     time.Time
	Fields map[string]string // NEXUSHUB_* and TRACE_ID
}

// Own hands entries over until fn returns false: the newest first, or with After those that came
// later, in order.
func (h *Hub) Own(ctx context.Context, q OwnQuery, fn func(OwnLine) bool) error {
	args := (&instanceReader{q: Query{Since: q.Since, Until: q.Until}}).times()
	if q.After == "" {
		args = append(args, "--reverse")
	} else {
		at, err := parsePosition(q.After)
		if err != nil {
			return err
		}
		args = append(args, "--cursor="+at.cursor, "--no-tail")
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	command := slices.Concat(h.command, []string{"--output=export", "--no-pager", "--quiet"}, args,
		[]string{"_SYSTEMD_UNIT=" + agentUnit}, q.Match)
	err := child(ctx, command, func(r *record) bool {
		at := time.UnixMicro(r.realtime)
		if !within(q, at) || q.After != "" && sameCursor(q.After, r.cursor) {
			return true
		}
		return fn(OwnLine{Cursor: r.cursor, At: at, Fields: r.fields})
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// within compares exactly, which journalctl does to the second.
func within(q OwnQuery, at time.Time) bool {
	return (q.Since.IsZero() || !at.Before(q.Since)) && (q.Until.IsZero() || !at.After(q.Until))
}

// CheckCursor refuses what cannot be the cursor of an entry.
func CheckCursor(cursor string) error {
	_, err := parsePosition(cursor)
	return err
}
