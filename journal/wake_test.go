package journal

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func touched(t *testing.T, dir string) time.Time {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// The journal is looked at often while somebody follows, and not at all otherwise.
func TestWakesJournalctl(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := New(Options{})
		h.wakeDir = dir
		before := touched(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go h.wakeJournalctl(ctx)
		time.Sleep(time.Hour)
		synctest.Wait()
		if !touched(t, dir).Equal(before) {
			t.Error("woken, and nobody follows")
		}
		f, _ := h.follow(Query{Instance: idA}, position{})
		time.Sleep(idleInterval)
		synctest.Wait()
		if got := touched(t, dir); !got.Equal(time.Now()) {
			t.Errorf("last woken %s ago", time.Since(got))
		}
		h.leave(f)
		time.Sleep(time.Minute)
		if time.Since(touched(t, dir)) < 59*time.Second {
			t.Error("still woken")
		}
	})
}

func TestInterval(t *testing.T) {
	h := New(Options{})
	h.latest = time.Now()
	for number, want := range map[int]time.Duration{0: 0, 1: busyInterval, 20: busyInterval, 60: 18 * time.Millisecond,
		500: maxInterval} {
		h.number = number
		if got := h.interval(h.latest); got != want {
			t.Errorf("%d followers: %s, want %s", number, got, want)
		}
	}
	h.number = 1
	if got := h.interval(h.latest.Add(2 * time.Second)); got != idleInterval {
		t.Errorf("idle: %s", got)
	}
}
