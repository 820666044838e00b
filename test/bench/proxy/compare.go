package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// mode is one kind of load.
type mode struct {
	name string
	load generator
}

var modes = []mode{{"h1", keepAlive}, {"h2", http2}, {"tls", newConnections}}

// figure is one subject under one load.
type figure struct {
	load
	cpu float64 // microseconds per request
	rss float64 // MiB, right after the load
}

// results are figures by mode and subject, one a round.
type results map[string]map[string][]figure

// compare runs every mode on every subject, round by round, so that a busy moment of
// the machine hits all of them.
func (b *bench) compare(ctx context.Context) error {
	all := results{}
	for round := range b.opt.rounds + 1 {
		for _, m := range modes {
			for _, s := range b.subjects {
				f, err := b.measure(ctx, m.load, s)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, m.name, err)
				}
				b.say("round %d %-3s %-8s %8.0f/s  p99 %6.2f ms  %6.1f us/request  %5.1f MiB  %v failed",
					round, m.name, s.name, f.rps, milli(f.p99), f.cpu, f.rss, f.failed)
				if round > 0 { // the first one warms up
					all.add(m.name, s.name, f)
				}
			}
		}
	}
	b.publish(all)
	return nil
}

func (b *bench) measure(ctx context.Context, load generator, s *subject) (figure, error) {
	before := s.cpu()
	l, err := load(ctx, s, b.opt.duration())
	if err != nil {
		return figure{}, err
	}
	used := s.cpu() - before
	if l.requests == 0 {
		return figure{}, fmt.Errorf("no request was answered")
	}
	return figure{l, float64(used.Microseconds()) / l.requests, s.memory("VmRSS")}, s.died()
}

func (r results) add(mode, subject string, f figure) {
	if r[mode] == nil {
		r[mode] = map[string][]figure{}
	}
	r[mode][subject] = append(r[mode][subject], f)
}

// median of one value over the rounds.
func (r results) median(mode, subject string, value func(figure) float64) float64 {
	var list []float64
	for _, f := range r[mode][subject] {
		list = append(list, value(f))
	}
	return median(list)
}

// ratio is the median of ours divided by the other's, round by round.
func (r results) ratio(mode, other string, value func(figure) float64) float64 {
	var list []float64
	for i, f := range r[mode]["nexushub"] {
		list = append(list, value(f)/value(r[mode][other][i]))
	}
	return median(list)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	mid := len(list) / 2
	if len(list)%2 == 0 {
		return (list[mid-1] + list[mid]) / 2
	}
	return list[mid]
}

func cpuOf(f figure) float64    { return f.cpu }
func rpsOf(f figure) float64    { return f.rps }
func p50Of(f figure) float64    { return milli(f.p50) }
func p99Of(f figure) float64    { return milli(f.p99) }
func rssOf(f figure) float64    { return f.rss }
func failedOf(f figure) float64 { return f.failed }

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (b *bench) publish(r results) {
	rss := 0.0
	for _, m := range modes {
		for _, s := range b.subjects {
			for _, v := range []struct {
				metric, unit string
				of           func(figure) float64
			}{{"rate", "1/s", rpsOf}, {"p50", "ms", p50Of}, {"p99", "ms", p99Of}, {"cpu", "us/request", cpuOf},
				{"rss", "MiB", rssOf}, {"failed", "requests", failedOf}} {
				b.report.Add(m.name, s.name, v.metric, r.median(m.name, s.name, v.of), v.unit)
			}
		}
		rss = max(rss, r.median(m.name, "nexushub", rssOf))
	}
	b.report.Ratios["rss_mib"] = rss
	for _, other := range b.subjects[1:] {
		b.report.Ratios["h1_cpu_vs_"+other.name] = r.ratio("h1", other.name, cpuOf)
		b.report.Ratios["h2_cpu_vs_"+other.name] = r.ratio("h2", other.name, cpuOf)
		b.report.Ratios["tls_rate_vs_"+other.name] = r.ratio("tls", other.name, rpsOf)
		b.report.Ratios["tls_cpu_vs_"+other.name] = r.ratio("tls", other.name, cpuOf)
		b.report.Ratios["h1_p99_vs_"+other.name] = r.ratio("h1", other.name, p99Of)
	}
}
