package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const connections = 64

// load is what a generator saw.
type load struct {
	rps      float64
	p50, p99 time.Duration
	requests float64
	failed   float64
}

// generator makes load on one subject for the given time.
type generator func(ctx context.Context, s *subject, d time.Duration) (load, error)

// keepAlive asks over 64 HTTP/1.1 connections that stay open.
func keepAlive(ctx context.Context, s *subject, d time.Duration) (load, error) {
	return wrk(ctx, d, s.url())
}

// newConnections makes a TLS connection, without resumption, for each request.
func newConnections(ctx context.Context, s *subject, d time.Duration) (load, error) {
	return wrk(ctx, d, "-H", "Connection: close", s.url())
}

func wrk(ctx context.Context, d time.Duration, args ...string) (load, error) {
	args = append([]string{"-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", int(d.Seconds())),
		"--latency"}, args...)
	out, err := exec.CommandContext(ctx, "wrk", args...).Output()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w", err)
	}
	return parseWrk(string(out))
}

var (
	wrkRate     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkP50      = regexp.MustCompile(`\s50%\s+([\d.]+\w+)`)
	wrkP99      = regexp.MustCompile(`\s99%\s+([\d.]+\w+)`)
	wrkFailed   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	wrkErrors   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

func parseWrk(out string) (l load, err error) {
	rate, requests := wrkRate.FindStringSubmatch(out), wrkRequests.FindStringSubmatch(out)
	p50, p99 := wrkP50.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if rate == nil || requests == nil || p50 == nil || p99 == nil {
		return l, fmt.Errorf("wrk said: %s", out)
	}
	l.rps, l.requests = number(rate[1]), number(requests[1])
	if l.p50, err = time.ParseDuration(p50[1]); err != nil {
		return l, err
	}
	if l.p99, err = time.ParseDuration(p99[1]); err != nil {
		return l, err
	}
	if m := wrkFailed.FindStringSubmatch(out); m != nil {
		l.failed = number(m[1])
	}
	if m := wrkErrors.FindStringSubmatch(out); m != nil {
		l.failed += number(m[1]) + number(m[3]) + number(m[4]) // "read" counts connections closed as announced
	}
	return l, nil
}

// http2 asks over 16 connections with 8 streams each.
func http2(ctx context.Context, s *subject, d time.Duration) (load, error) {
	log := filepath.Join(filepath.Dir(s.log), "h2load.log")
	defer os.Remove(log)
	out, err := exec.CommandContext(ctx, "h2load", "-c16", "-m8", "-t1", "-D", strconv.Itoa(int(d.Seconds())),
		"--log-file", log, s.url()).Output()
	if err != nil {
		return load{}, fmt.Errorf("h2load: %w", err)
	}
	l, err := parseH2load(string(out))
	if err != nil {
		return l, err
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		return l, err
	}
	l.p50, l.p99, err = percentiles(string(lines))
	return l, err
}

var (
	h2Rate   = regexp.MustCompile(`finished in [\d.]+\w+, ([\d.]+) req/s`)
	h2Counts = regexp.MustCompile(`(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2Codes  = regexp.MustCompile(`status codes: (\d+) 2xx`)
)

func parseH2load(out string) (l load, err error) {
	rate, counts, codes := h2Rate.FindStringSubmatch(out), h2Counts.FindStringSubmatch(out),
		h2Codes.FindStringSubmatch(out)
	if rate == nil || counts == nil || codes == nil {
		return l, fmt.Errorf("h2load said: %s", out)
	}
	l.rps, l.requests = number(rate[1]), number(counts[1])
	l.failed = number(counts[2]) + number(counts[3]) + number(counts[4])
	if good := number(codes[1]); good < l.requests {
		l.failed += l.requests - good
	}
	return l, nil
}

// percentiles reads h2load's log: start, status and duration in microseconds a line.
func percentiles(log string) (p50, p99 time.Duration, err error) {
	var took []int
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		us, err := strconv.Atoi(f[2])
		if err != nil {
			return 0, 0, fmt.Errorf("h2load's log: %w", err)
		}
		took = append(took, us)
	}
	if len(took) == 0 {
		return 0, 0, fmt.Errorf("h2load's log has no requests")
	}
	slices.Sort(took)
	at := func(q int) time.Duration { return time.Duration(took[(len(took)-1)*q/100]) * time.Microsecond }
	return at(50), at(99), nil
}

// number is for what a regular expression has found to be one.
func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return f
}
