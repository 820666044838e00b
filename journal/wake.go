package journal

import (
	"context"
	"errors"
	"os"
	"time"
)

// journald tells those who wait for its files at most four times a second that they
// have grown (POST_CHANGE_TIMER_INTERVAL_USEC), so `journalctl --follow` is up to 250 ms
// late. It looks at once when anything happens in a folder that it watches, and
// /run/log/journal is always one of them: setting that folder's time wakes it.
const wakeDir = "/run/log/journal"

// How often the journal is looked at while somebody follows.
const (
	busyInterval = 3 * time.Millisecond  // lines have come within the last second
	idleInterval = 25 * time.Millisecond // they have not
	maxInterval  = 50 * time.Millisecond
)

// wakeJournalctl makes the child look while there are followers. Where the folder cannot be
// touched everything works, a quarter of a second later.
func (h *Hub) wakeJournalctl(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		interval := h.interval(time.Now())
		if interval == 0 {
			select {
			case <-ctx.Done():
			case <-h.joined:
			}
			continue
		}
		t.Reset(interval)
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			if err := os.Chtimes(h.wakeDir, now, now); err != nil && !errors.Is(err, os.ErrNotExist) {
				h.log.Info("cannot wake journalctl: followers get lines up to 250 ms late", "error", err)
				return
			}
		}
	}
}

// interval is how long to wait for the next look; 0 is until somebody follows. It grows
// with the square of the number of followers: a few hear of a line at once, and a
// hundred cost not much more than one.
func (h *Hub) interval(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.number == 0:
		return 0
	case now.Sub(h.latest) > time.Second:
		return idleInterval
	}
	return min(max(h.perFollowers(), busyInterval), maxInterval)
}

// perFollowers is the part of the interval that is due to the number of followers.
func (h *Hub) perFollowers() time.Duration {
	return time.Duration(h.number*h.number) * 5 * time.Microsecond
}
