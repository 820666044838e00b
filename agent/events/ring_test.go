package events

import (
	"fmt"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
)

func put(r *Ring, instance string, s api.State) {
	r.Put(api.StateEvent{Instance: instance, Name: "n" + instance, State: s, Why: "w"}, "g"+instance)
}

func words(list []Event) (out []string) {
	for _, e := range list {
		kind := "state"
		if e.Removed {
			kind = "removed"
		}
		out = append(out, fmt.Sprint(kind, " ", e.Granted, " ", e.Before, ">", e.State))
	}
	return out
}

func TestRing(t *testing.T) {
	r := New(time.Unix(1, 0))
	_, start := r.All()
	news := r.News()
	put(r, "1", api.StateStarting)
	<-news
	put(r, "1", api.StateStarting) // again: none
	put(r, "2", api.StateRunning)
	_, two := r.All()
	put(r, "1", api.StateRunning)
	r.Put(api.StateEvent{Instance: "1", Name: "n1", State: api.StateRunning}, "other") // granted by another name now
	r.Remove("2", time.Unix(9, 0))
	r.Remove("2", time.Unix(9, 0))
	for id, want := range map[string]string{
		start: "[state g1 >starting state g2 >running state g1 starting>running state other >running removed g2 >running]",
		two:   "[state g1 starting>running state other >running removed g2 >running]",
	} {
		list, upTo, ok := r.After(id)
		if _, now := r.All(); fmt.Sprint(words(list)) != want || upTo != now || !ok {
			t.Errorf("after %s: %q up to %s, %v", id, words(list), upTo, ok)
		}
		if list, again, ok := r.After(upTo); len(list) > 0 || again != upTo || !ok {
			t.Errorf("after the last: %q %s %v", words(list), again, ok)
		}
	}
	if all, _ := r.All(); fmt.Sprint(words(all)) != "[state other >running]" {
		t.Errorf("all: %q", words(all))
	}
	next, _ := r.All()
	for _, id := range []string{"", "-", "x-1", r.epoch, r.epoch + "-", r.epoch + "-x", r.epoch + "--1", r.epoch + "-99",
		r.epoch + "-18446744073709551615", "zz-" + fmt.Sprint(len(next))} {
		if _, _, ok := r.After(id); ok {
			t.Errorf("%q is an event of this agent", id)
		}
	}
}

// TestRingIsBounded: what is too long ago is not made up.
func TestRingIsBounded(t *testing.T) {
	r := New(time.Unix(1, 0))
	_, first := r.All()
	for i := range 3*size + 5 {
		put(r, "1", []api.State{api.StateRunning, api.StateStopped}[i%2])
	}
	if _, _, ok := r.After(first); ok || len(r.last) > size || cap(r.last) > 2*size {
		t.Errorf("%d of %d are kept, the first is known: %v", len(r.last), cap(r.last), ok)
	}
	list, _, ok := r.After(r.id(r.next - uint64(len(r.last)) - 1))
	if !ok || len(list) != len(r.last) {
		t.Errorf("the oldest that is kept: %d %v", len(list), ok)
	}
}
