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

// What rests (no request, less than restCPU percent of a processor) is read once in restStep alone:
// on a host with a thousand applications most of them rest, and a reading costs tens of microseconds.
const (
	restStep = time.Minute
	restCPU  = 1
)

// Host is the id under which the whole host has its figures.
const Host = ""

// Reading is what counters have said at a time. CPU, requests and errors only grow, or begin anew.
type Reading struct {
	Usage
	Requests uint64
	Errors   uint64
	Rests    bool // its usage was not read, and counts as it was
}

// Usage is what the kernel says.
type Usage struct {
	Memory  uint64 // bytes, now
	CPUNSec uint64
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
	read time.Time // when its usage was
	cpu  float64   // percent of a processor
	list []figure  // at most size; the oldest is at next
	next int
}

// Store keeps all. Its methods are safe for concurrent use.
type Store struct {
	began time.Time

	mu    sync.Mutex // guards the fields that follow
	rings map[string]*ring
}

// New returns a Store whose first figures come with the second readings.
func New(now time.Time) *Store { return &Store{began: now, rings: map[string]*ring{}} }

// Add takes in the readings of all that there is; what is not among them is forgotten.
func (s *Store) Add(now time.Time, readings map[string]Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.rings, func(id string, _ *ring) bool { _, there := readings[id]; return !there })
	for id, r := range readings {
		known := s.rings[id]
		if known == nil {
			s.rings[id] = &ring{last: r, read: now}
			continue
		}
		known.take(r, now, uint32(now.Sub(s.began)/time.Second))
	}
}

// Rests says whether the usage of an application need not be read now, with the requests that it has had.
func (s *Store) Rests(id string, requests uint64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rings[id]
	return r != nil && len(r.list) > 0 && r.cpu < restCPU && requests == r.last.Requests &&
		now.Sub(r.read) < restStep
}

func (r *ring) take(now Reading, at time.Time, second uint32) {
	if now.Rests {
		now.Usage = r.last.Usage
	} else {
		r.cpu = float64(grown(r.last.CPUNSec, now.CPUNSec)) / 1e7 / at.Sub(r.read).Seconds()
		r.read = at
	}
	r.add(figure{
		at: second, memory: uint32(now.Memory >> 10), cpu: float32(r.cpu),
		requests: uint32(grown(r.last.Requests, now.Requests)), errors: uint32(grown(r.last.Errors, now.Errors)),
	})
	r.last = now
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
