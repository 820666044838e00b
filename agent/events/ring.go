// Package events tells who follows how the states of all applications change. It keeps the last
// changes, so that a follower who comes back misses none, and how every application stands, for
// those who come first or too late.
package events

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/api"
)

// size is how many changes are kept: those of a deployment of all applications of a large host.
const size = 4096

// Event is one change, with the name by which its application is granted.
type Event struct {
	api.StateEvent
	Granted string
}

// Ring keeps the last changes. Its methods are safe for concurrent use; none waits.
type Ring struct {
	epoch string // of this agent: numbers begin anew with each

	mu    sync.Mutex // guards the fields that follow
	next  uint64     // number of the next event
	last  []Event    // in order, at most size
	stand map[string]Event
	news  chan struct{} // closed and replaced with each event
}

// New returns an empty Ring of an agent that has started at a time.
func New(started time.Time) *Ring {
	return &Ring{epoch: strconv.FormatInt(started.UnixNano(), 36), next: 1, stand: map[string]Event{},
		news: make(chan struct{})}
}

// Put tells how an application stands. It is an event if that, or its name, is another than before.
func (r *Ring) Put(e api.StateEvent, granted string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, there := r.stand[e.Instance]
	if there && old.State == e.State && old.Name == e.Name && old.Granted == granted {
		return
	}
	if there && old.State != e.State {
		e.Before = old.State
	}
	made := r.add(Event{StateEvent: e, Granted: granted})
	r.stand[e.Instance] = made
}

// Remove tells that an application is gone.
func (r *Ring) Remove(instance string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, there := r.stand[instance]; there {
		delete(r.stand, instance)
		e.Removed, e.Before, e.Why, e.Time = true, "", "", now
		r.add(e)
	}
}

// add gives an event its id. The caller holds mu.
func (r *Ring) add(e Event) Event {
	e.ID = r.id(r.next)
	r.next++
	if len(r.last) >= size {
		r.last = append(r.last[:0], r.last[size/4:]...)
	}
	r.last = append(r.last, e)
	close(r.news)
	r.news = make(chan struct{})
	return e
}

func (r *Ring) id(n uint64) string { return fmt.Sprintf("%s-%d", r.epoch, n) }

// After is what came after an event, and the id up to which that is. Where the event is of another
// agent, or too long ago, ok is false.
func (r *Ring) After(id string) (list []Event, upTo string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	epoch, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	first := r.next - uint64(len(r.last))
	if err != nil || epoch != r.epoch || n+1 < first || n >= r.next {
		return nil, "", false
	}
	return slices.Clone(r.last[n+1-first:]), r.id(r.next - 1), true
}

// All is how every application stands, and the id up to which that is.
func (r *Ring) All() (list []Event, upTo string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list = slices.SortedFunc(maps.Values(r.stand), func(a, b Event) int {
		return strings.Compare(a.Name+a.Instance, b.Name+b.Instance)
	})
	return list, r.id(r.next - 1)
}

// News is closed with the next event.
func (r *Ring) News() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.news
}
