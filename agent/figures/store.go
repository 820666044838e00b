// Package figures keeps what applications and the host have used in the last hour: a figure every ten
// seconds, in rings that are bounded. It is for a look at what has just happened; who wants to keep
// more asks the metrics.
package figures

import (
	"maps"
	"sync"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Step is the time between two figures, and size how many are kept: those of an hour.
const (
	Step = 10 * time.Second
	size = 360
)

// Host is the id under which the whole host has its figures.
const Host = ""

// Reading is what counters have said at a time. CPU, requests and errors only grow, or begin anew.
type Reading struct {
	Memory   uint64 // bytes, now
	CPUNSec  uint64
	Requests uint64
	Errors   uint64
}

// figure is small: there are 360 of a thousand applications.
type figure struct {
	at       uint32 // seconds since the store began
	memory   uint32 // KiB
	cpu      float32
	requests uint32
	errors   uint32
}

// ring is of one application.
type ring struct {
	last Reading
	list []figure // at most size; the oldest is at next
	next int
}

// Store keeps all. Its methods are safe for concurrent use.
type Store struct {
	began time.Time

	mu    sync.Mutex // guards the fields that follow
	at    time.Time  // of the last readings
	rings map[string]*ring
}

// New returns a Store whose first figures come with the second readings.
func New(now time.Time) *Store { return &Store{began: now, rings: map[string]*ring{}} }

// Add takes in the readings of all that there is; what is not among them is forgotten.
func (s *Store) Add(now time.Time, readings map[string]Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seconds := now.Sub(s.at).Seconds()
	s.at = now
	maps.DeleteFunc(s.rings, func(id string, _ *ring) bool { _, there := readings[id]; return !there })
	for id, r := range readings {
		known := s.rings[id]
		if known == nil {
			s.rings[id] = &ring{last: r}
			continue
		}
		known.add(figure{
			at: uint32(now.Sub(s.began) / time.Second), memory: uint32(r.Memory >> 10),
			cpu:      float32(float64(grown(known.last.CPUNSec, r.CPUNSec)) / 1e7 / seconds),
			requests: uint32(grown(known.last.Requests, r.Requests)), errors: uint32(grown(known.last.Errors, r.Errors)),
		})
		known.last = r
	}
}

// grown is by how much a counter has. One that is lower than before has begun anew.
func grown(before, now uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

func (r *ring) add(f figure) {
	if len(r.list) < size {
		r.list = append(r.list, f)
		return
	}
	r.list[r.next] = f
	r.next = (r.next + 1) % size
}

// Of are the figures of an application, or of the Host, the oldest first.
func (s *Store) Of(id string) api.Figures {
	out := api.Figures{Step: int(Step / time.Second), Figures: []api.Figure{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rings[id]
	if r == nil {
		return out
	}
	for i := range r.list {
		f := r.list[(r.next+i)%len(r.list)]
		out.Figures = append(out.Figures, api.Figure{
			Time: s.began.Add(time.Duration(f.at) * time.Second).UTC(), Memory: uint64(f.memory) << 10, CPU: float64(f.cpu),
			Requests: uint64(f.requests), Errors: uint64(f.errors),
		})
	}
	return out
}
