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

// latency is the time from the application's write to a follower's read, with 20
// followers. Both clocks are the machine's own.
func (b *bench) latency(ctx context.Context) error {
	const followers = 20
	b.say("latency: %d followers, %d lines/s", followers, linesPerSecond)
	delays, err := b.follow(ctx, followers, linesPerSecond*followSeconds)
	if err != nil {
		return err
	}
	slices.Sort(delays)
	at := func(p float64) float64 { return delays[int(float64(len(delays)-1)*p)].Seconds() * 1000 }
	const scenario = "write to client, 20 followers, 1000 lines/s"
	b.report.Add(scenario, "nexushub", "latency p50", at(0.5), "ms")
	b.report.Add(scenario, "nexushub", "latency p99", at(0.99), "ms")
	b.report.Ratios["latency_p50_ms"], b.report.Ratios["latency_p99_ms"] = at(0.5), at(0.99)
	return nil
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
		b.report.Add(fmt.Sprintf("%d followers, 1000 lines/s", n), "nexushubd with journalctl", "cpu per line", perLine(n), "µs")
	}
	b.report.Ratios["cpu100_vs_1"] = perLine(100) / perLine(1)
	return nil
}

// follow lets n followers read what is written, to the last line, and returns the
// delay of every line.
func (b *bench) follow(ctx context.Context, n, lines int) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
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

// read takes the time in each message off the time it is read at.
func read(r io.Reader, lines int) (delays []time.Duration, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for len(delays) < lines {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return delays, fmt.Errorf("after %d of %d lines: %w", len(delays), lines, err)
		}
		if at, ok := written(line); ok {
			delays = append(delays, time.Since(at))
		}
	}
	return delays, nil
}

func written(line []byte) (at time.Time, ok bool) {
	_, rest, ok := bytes.Cut(line, []byte(`"message":"line `))
	if !ok {
		return at, false
	}
	_, rest, _ = bytes.Cut(rest, []byte(" "))
	digits, _, _ := bytes.Cut(rest, []byte(`"`))
	micro, err := strconv.ParseInt(string(digits), 10, 64)
	return time.UnixMicro(micro), err == nil
}
