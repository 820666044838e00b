package fairshare

import (
	"slices"
	"testing"
	"testing/synctest"
)

// TestTurnsGoRound: whoever comes into a crowd of one holder waits for one of them.
func TestTurnsGoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewSemaphore(1)
		if !turns.Acquire(Named("a"), nil) {
			t.Fatal("a free turn was not given")
		}
		var order []string
		come := func(name string) {
			go func() {
				turns.Acquire(Named(name), nil)
				order = append(order, name) // one at a time
				turns.Release()
			}()
			synctest.Wait()
		}
		for _, name := range []string{"a", "a", "a", "b", "b", "c"} {
			come(name)
		}
		turns.Release()
		synctest.Wait()
		if want := []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}

func TestTurnsAreAsManyAsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, at := NewSemaphore(3), 0
		for range 10 {
			go func() {
				turns.Acquire(Named("a"), nil)
				at++
			}()
			synctest.Wait()
		}
		if at != 3 {
			t.Errorf("%d are at it", at)
		}
		if !turns.Acquire(Key{}, nil) { // the exempt do not wait
			t.Error("refused")
		}
		for range 8 { // 3 and the exempt one; then those that came next
			turns.Release()
			synctest.Wait()
		}
		if at != 10 {
			t.Errorf("%d have had their turn", at)
		}
	})
}

// TestTurnsForgetWhoLeaves: nobody gains a turn by coming and going, nothing is left of
// those who went, and no turn is lost with one that came as its owner left.
func TestTurnsForgetWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewSemaphore(1)
		turns.Acquire(Named("a"), nil)
		for range 100 {
			gone := make(chan struct{})
			go turns.Acquire(Named("b"), gone)
			synctest.Wait()
			close(gone)
			synctest.Wait()
		}
		if len(turns.queues) != 0 || turns.order.Len() != 0 {
			t.Errorf("%d lines, %d in order", len(turns.queues), turns.order.Len())
		}
		turn := make(chan struct{})
		l, queued := turns.enqueue(Named("b"), turn)
		turns.Release()
		turns.abandon(l, queued, turn)
		if !turns.Acquire(Named("c"), nil) || turns.free != 0 {
			t.Error("a turn was lost")
		}
	})
}
