package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	linesPerSecond = 1000
	followSeconds  = 10
)

// delay is what a line took from the application's write to a follower's read, and
// which part of it until journald had it. All clocks are the machine's own.
type delay struct{ total, journald time.Duration }

const latencyRounds = 3

// latency is measured with 20 followers, in rounds: the median of each percentile
// counts, so that one hiccup of a busy machine is not the result.
func (b *bench) latency(ctx context.Context) error {
	const followers = 20
	parts := []struct {
		subject string
		of      func(delay) time.Duration
	}{
		{"nexushub", func(d delay) time.Duration { return d.total }},
		{"of it until journald has the line", func(d delay) time.Duration { return d.journald }},
		{"of it from journald to the client", func(d delay) time.Duration { return d.total - d.journald }},
	}
	p50, p99 := make([][]float64, len(parts)), make([][]float64, len(parts))
	for range latencyRounds {
		b.say("latency: %d followers, %d lines/s", followers, linesPerSecond)
		delays, err := b.follow(ctx, followers, linesPerSecond*followSeconds)
		if err != nil {
			return err
		}
		for i, part := range parts {
			p50[i] = append(p50[i], percentile(delays, part.of, 0.5))
			p99[i] = append(p99[i], percentile(delays, part.of, 0.99))
		}
		b.say("p50 %.1f ms, p99 %.1f ms", p50[0][len(p50[0])-1], p99[0][len(p99[0])-1])
	}
	const scenario = "write to client, 20 followers, 1000 lines/s"
	for i, part := range parts {
		b.report.Add(scenario, part.subject, "latency p50", median(p50[i]), "ms")
		b.report.Add(scenario, part.subject, "latency p99", median(p99[i]), "ms")
	}
	b.report.Ratios["latency_p50_ms"], b.report.Ratios["latency_p99_ms"] = median(p50[0]), median(p99[0])
	return nil
}

// percentile is in milliseconds.
func percentile(delays []delay, of func(delay) time.Duration, p float64) float64 {
	values := make([]time.Duration, len(delays))
	for i, d := range delays {
		values[i] = of(d)
	}
	slices.Sort(values)
	return values[int(float64(len(values)-1)*p)].Seconds() * 1000
}

// followers compares the CPU time of the agent, journalctl included, for one follower
// and for a hundred of the same application.
func (b *bench) followers(ctx context.Context) error {
	used := map[int]time.Duration{}
	for range 2 { // interleaved, so that a busy machine disturbs both
		for _, n := range []int{1, 100} {
			b.say("cpu: %d followers, %d lines/s", n, linesPerSecond)
			before, err := b.cpu(ctx)
			if err != nil {
				return err
			}
			if _, err := b.follow(ctx, n, linesPerSecond*followSeconds); err != nil {
				return err
			}
			after, err := b.cpu(ctx)
			if err != nil {
				return err
			}
			used[n] += after - before
		}
	}
	perLine := func(n int) float64 { return float64(used[n].Microseconds()) / (2 * linesPerSecond * followSeconds) }
	for n := range used {
		b.report.Add(fmt.Sprintf("%d followers, 1000 lines/s", n), "nexushubd with journalctl", "cpu per line",
			perLine(n), "µs")
	}
	b.report.Ratios["cpu100_vs_1"] = perLine(100) / perLine(1)
	return nil
}

// follow lets n followers read what is written, to the last line, and returns the
// delay of every line at every follower.
func (b *bench) follow(ctx context.Context, n, lines int) ([]delay, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []delay
	failed := make(chan error, n+1)
	for range n {
		body, err := b.stream(ctx, "lines=0")
		if err != nil {
			return nil, err
		}
		wg.Go(func() {
			defer body.Close()
			delays, err := read(body, lines)
			mu.Lock()
			all = append(all, delays...)
			mu.Unlock()
			if err != nil {
				failed <- err
			}
		})
	}
	if err := b.write(ctx, lines, linesPerSecond); err != nil {
		return nil, err
	}
	wg.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
		return all, nil
	}
}

// read takes the times in each event off the time it is read at.
func read(r io.Reader, lines int) (delays []delay, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for len(delays) < lines {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return delays, fmt.Errorf("after %d of %d lines: %w", len(delays), lines, err)
		}
		wrote, had, ok := times(line)
		if ok {
			delays = append(delays, delay{time.Since(wrote), had.Sub(wrote)})
		}
	}
	return delays, nil
}

// times finds when the application wrote the line, and when journald had it.
func times(line []byte) (wrote, had time.Time, ok bool) {
	_, rest, ok := bytes.Cut(line, []byte(`"timestamp":"`))
	if !ok {
		return wrote, had, false
	}
	stamp, rest, _ := bytes.Cut(rest, []byte(`"`))
	had, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return wrote, had, false
	}
	_, rest, ok = bytes.Cut(rest, []byte(`"message":"line `))
	if !ok {
		return wrote, had, false
	}
	_, rest, _ = bytes.Cut(rest, []byte(" "))
	digits, _, _ := bytes.Cut(rest, []byte(`"`))
	micro, err := strconv.ParseInt(string(digits), 10, 64)
	return time.UnixMicro(micro), had, err == nil
}
