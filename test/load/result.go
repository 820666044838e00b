package load

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Result of a run. Latency counts from when a request was due, not from when it was sent.
type Result struct {
	Sent     int
	OK       int // status 200, whole body
	Failures []string
	Elapsed  time.Duration
	P50, P99 time.Duration
	Max      time.Duration
}

// String is one line for a log, with the first failures.
func (r Result) String() string {
	s := fmt.Sprintf("%d requests in %s, %d failed, latency p50 %s p99 %s max %s", r.Sent,
		r.Elapsed.Round(time.Millisecond),
		len(r.Failures), r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.Max.Round(10*time.Microsecond))
	if len(r.Failures) > 0 {
		s += ": " + strings.Join(r.Failures[:min(5, len(r.Failures))], "; ")
	}
	return s
}

type recorder struct {
	mu        sync.Mutex // guards the fields that follow
	failures  []string
	latencies []time.Duration
}

func (r *recorder) add(status int, err error, latency time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latencies = append(r.latencies, latency)
	switch {
	case err != nil:
		r.failures = append(r.failures, err.Error())
	case status != http.StatusOK:
		r.failures = append(r.failures, fmt.Sprintf("status %d", status))
	}
}

func (r *recorder) result(elapsed time.Duration) Result {
	n := len(r.latencies)
	if n == 0 {
		return Result{Elapsed: elapsed}
	}
	slices.Sort(r.latencies)
	return Result{
		Sent: n, OK: n - len(r.failures), Failures: r.failures, Elapsed: elapsed,
		P50: r.latencies[n/2], P99: r.latencies[n*99/100], Max: r.latencies[n-1],
	}
}
