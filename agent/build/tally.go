package build

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/api"
)

// under says of each application what of it is built, or waits to be. The caller holds Builder.mu.
type under map[string]api.Building

// Now is the build of an application that is under way.
func (b *Builder) Now(instance string) (api.Building, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, ok := b.under[instance]
	return now, ok
}

// enter notes a build that waits for its turn.
func (b *Builder) enter(o Order, command string) (leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first, rest, _ := strings.Cut(strings.TrimSpace(command), "\n")
	if rest != "" {
		first += " ..."
	}
	b.under[o.Instance] = api.Building{Since: time.Now(), Command: first, By: o.By.String(), Waiting: true}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.under, o.Instance)
	}
}

// begin notes that it is its turn.
func (b *Builder) begin(instance string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.under[instance]
	now.Since, now.Waiting = time.Now(), false
	b.under[instance] = now
}

// The results of builds, as the metrics have them.
const (
	resultOK     = "success"
	resultFailed = "failure" // its command, what it left, or a limit of it
	resultEnded  = "ended"   // by a newer installation, a removal, a token that was revoked, the end of the agent
	resultError  = "error"   // of this host
)

func resultOf(ctx context.Context, err error) string {
	var failure *Failure
	switch {
	case err == nil:
		return resultOK
	case errors.As(err, &failure):
		return resultFailed
	case ctx.Err() != nil:
		return resultEnded
	}
	return resultError
}

// tally counts builds.
type tally struct {
	builds  *prometheus.CounterVec
	seconds *prometheus.CounterVec
}

func newTally() tally {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nexushub_" + name, Help: help}, []string{"result"})
	}
	t := tally{
		counter("builds_total", "Builds that ran, by how they ended: success, failure, ended, error."),
		counter("build_seconds_total", "How long they took."),
	}
	for _, result := range []string{resultOK, resultFailed, resultEnded, resultError} { // there before the first
		t.builds.WithLabelValues(result)
		t.seconds.WithLabelValues(result)
	}
	return t
}

func (t tally) count(result string, took time.Duration) {
	t.builds.WithLabelValues(result).Inc()
	t.seconds.WithLabelValues(result).Add(took.Seconds())
}

var metricUnder = prometheus.NewDesc("nexushub_builds_under_way", "Builds that run, or wait for their turn.",
	[]string{"state"}, nil)

// Describe is of prometheus.Collector.
func (b *Builder) Describe(ch chan<- *prometheus.Desc) {
	ch <- metricUnder
	b.tally.builds.Describe(ch)
	b.tally.seconds.Describe(ch)
}

// Collect is called at every scrape.
func (b *Builder) Collect(ch chan<- prometheus.Metric) {
	b.tally.builds.Collect(ch)
	b.tally.seconds.Collect(ch)
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := 0
	for _, now := range b.under {
		if now.Waiting {
			waiting++
		}
	}
	for state, n := range map[string]int{"waiting": waiting, "running": len(b.under) - waiting} {
		ch <- prometheus.MustNewConstMetric(metricUnder, prometheus.GaugeValue, float64(n), state)
	}
}
