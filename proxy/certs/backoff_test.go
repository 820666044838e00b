package certs

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoffSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acme", "backoff.json")
	synctest.Test(t, func(t *testing.T) {
		wait := func(b *backoff) time.Duration {
			begun := time.Now()
			if err := b.wait(context.Background(), "a.example"); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun)
		}
		b, err := openBackoff(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if d := wait(b); d != 0 {
			t.Error("the first try waits", d)
		}
		for _, want := range []time.Duration{firstDelay, 2 * firstDelay, 4 * firstDelay} {
			b.fail("a.example")
			if b, err = openBackoff(path, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if d := wait(b); d != want {
				t.Errorf("waits %v, want %v", d, want)
			}
		}
		for range 20 {
			b.fail("a.example")
		}
		if d := wait(b); d != maxDelay {
			t.Errorf("waits %v at most, want %v", d, maxDelay)
		}
		b.clear("a.example")
		if b, err = openBackoff(path, slog.New(slog.DiscardHandler)); err != nil || wait(b) != 0 {
			t.Error("waits after a success:", err)
		}
	})
}
