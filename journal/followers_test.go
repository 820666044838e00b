package journal

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/nexushub/nexushub/internal/logentry"
)

// numbered are entries of one application.
func numbered(from, to int) (items []Item) {
	for i := from; i < to; i++ {
		items = append(items, Item{Entry: &Entry{Entry: logentry.Entry{Message: fmt.Sprint(i)}, Instance: idA, Priority: 6}})
	}
	return items
}

// Two hundred follow at once and get everything in order; one of them reads nothing
// meanwhile, holds up nobody, and is told that it is cut off.
func TestTwoHundredFollowersOneOfThemStuck(t *testing.T) {
	const followers, total = 200, 400
	h := New(Options{})
	h.deliver(numbered(0, 1)) // remembered: nobody needs a child to begin
	q := Query{Instance: idA, Lines: 1, Priority: 7, Follow: true}
	var following, served sync.WaitGroup
	following.Add(followers + 1)
	for range followers {
		served.Go(func() {
			if got := first(t, h, q, total, &following); !slices.Equal(got, messages(total)) {
				t.Errorf("a follower got %d lines, want %d in order", len(got), total)
			}
		})
	}
	unstuck := make(chan struct{})
	var last []Item
	var end error
	var stuck sync.WaitGroup
	stuck.Go(func() {
		for items, err := range h.Items(t.Context(), q) {
			if last == nil && err == nil {
				last = []Item{}
				following.Done()
				<-unstuck
			}
			last, end = append(last, items...), err
		}
	})
	following.Wait()
	for i := 1; i < total; i += 57 {
		h.deliver(numbered(i, min(i+57, total)))
	}
	served.Wait() // while one is stuck
	for i := total; i < total+maxQueue; i += maxQueue / 8 {
		h.deliver(numbered(i, i+maxQueue/8))
	}
	close(unstuck)
	stuck.Wait()
	if n := len(last) - 1; n < total || last[n].Gap == nil || last[n].Gap.Reason != Slow || !errors.Is(end, ErrSlow) {
		t.Errorf("the stuck one got %d items and %v", len(last), end)
	}
	if h.number != 0 {
		t.Errorf("%d followers are left", h.number)
	}
}

// first follows for n lines.
func first(t *testing.T, h *Hub, q Query, n int, following *sync.WaitGroup) (got []string) {
	begun := false
	for items, err := range h.Items(t.Context(), q) {
		if err != nil {
			t.Error(err)
		}
		if !begun {
			begun = true
			following.Done()
		}
		for _, i := range items {
			got = append(got, render(i))
		}
		if len(got) >= n {
			return got
		}
	}
	return got
}

func messages(n int) (out []string) {
	for _, i := range numbered(0, n) {
		out = append(out, render(i))
	}
	return out
}
