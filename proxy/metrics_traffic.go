package proxy

import (
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// durations are the upper bounds of a traffic's buckets. What is longer than all of
// them is in no bucket.
var durations = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// traffic counts the requests of one application. It lies in a few cache lines: among a
// thousand applications each request finds another one's counters cold.
type traffic struct {
	answers  atomic.Pointer[[]*answers] // copied when a new kind is seen
	bytes    atomic.Uint64              // of bodies to clients
	nanos    atomic.Uint64
	requests atomic.Uint64
	buckets  [len(durations)]atomic.Uint64 // requests by duration, not cumulated
}

// answers counts those of one method and status.
type answers struct {
	method string
	status int
	n      atomic.Uint64
}

func (t *traffic) count(method string, status int, sent int64, took time.Duration) {
	t.kind(method, status).n.Add(1)
	t.bytes.Add(uint64(max(sent, 0)))
	t.nanos.Add(uint64(max(took, 0)))
	t.requests.Add(1)
	for i := range durations {
		if took <= durations[i] {
			t.buckets[i].Add(1)
			return
		}
	}
}

// errors are the answers with 5xx.
func (t *traffic) errors() (n uint64) {
	if list := t.answers.Load(); list != nil {
		for _, a := range *list {
			if a.status >= http.StatusInternalServerError {
				n += a.n.Load()
			}
		}
	}
	return n
}

func (t *traffic) kind(method string, status int) *answers {
	for {
		list := t.answers.Load()
		var known []*answers
		if list != nil {
			known = *list
		}
		for _, a := range known {
			if a.status == status && a.method == method {
				return a
			}
		}
		added := &answers{method: method, status: status}
		longer := append(slices.Clip(known), added)
		if t.answers.CompareAndSwap(list, &longer) {
			return added
		}
	}
}
