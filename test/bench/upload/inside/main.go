// Command inside does the uploads that test/bench/upload measures, in the machine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/test/bench/report"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}

// folder is on the same disk as the agent's.
const folder = "/var/lib/bench"

// subject takes the whole file once; clean makes it ready for the next time. cpu is
// what its process has used so far; nil: it is not one of its own.
type subject struct {
	name  string
	take  func(ctx context.Context, data []byte) error
	clean func(ctx context.Context) error
	cpu   func() (time.Duration, error)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	size, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	rounds, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	data := make([]byte, size<<20)
	if _, err := rand.NewChaCha8([32]byte{}).Read(data); err != nil {
		return err
	}
	a, err := newAgent(ctx, data)
	if err != nil {
		return err
	}
	subjects := append(local(), a.subjects()...)
	other, stop, err := tusd(ctx)
	if err != nil {
		return err
	}
	defer stop()
	subjects = append(subjects, other...)
	rows, err := measure(ctx, subjects, data, rounds, stderr)
	if err != nil {
		return err
	}
	rss, err := a.peak()
	if err != nil {
		return err
	}
	rows = append(rows, report.Row{Case: "upload", Subject: "agent", Metric: "RSS", Value: rss, Unit: "MiB"})
	return json.NewEncoder(stdout).Encode(rows)
}

// result is what one upload took.
type result struct {
	speed float64 // MiB/s
	cpu   float64 // ms for each 100 MiB
}

// measure lets the subjects take turns and gives the median of each.
func measure(ctx context.Context, subjects []subject, data []byte, rounds int, stderr io.Writer) ([]report.Row, error) {
	results := make([][]result, len(subjects))
	for round := range rounds + 1 { // the first warms up
		for i, s := range subjects {
			r, err := s.once(ctx, data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(stderr, "round %d: %s: %.0f MiB/s\n", round, s.name, r.speed)
			if round > 0 {
				results[i] = append(results[i], r)
			}
		}
	}
	var rows []report.Row
	for i, s := range subjects {
		speed := func(r result) float64 { return r.speed }
		rows = append(rows, report.Row{Case: "upload", Subject: s.name, Metric: "MiB/s",
			Value: median(results[i], speed), Unit: "MiB/s"})
		if s.cpu != nil {
			cpu := func(r result) float64 { return r.cpu }
			rows = append(rows, report.Row{Case: "upload", Subject: s.name, Metric: "cpu",
				Value: median(results[i], cpu), Unit: "ms/100 MiB"})
		}
	}
	return rows, nil
}

func (s subject) once(ctx context.Context, data []byte) (r result, err error) {
	cpu := s.cpu
	if cpu == nil {
		cpu = func() (time.Duration, error) { return 0, nil }
	}
	before, err := cpu()
	if err != nil {
		return r, err
	}
	start := time.Now()
	if err := s.take(ctx, data); err != nil {
		return r, err
	}
	mib := float64(len(data)) / (1 << 20)
	r.speed = mib / time.Since(start).Seconds()
	after, err := cpu()
	r.cpu = float64((after - before).Milliseconds()) * 100 / mib
	err = errors.Join(err, s.clean(ctx))
	unix.Sync()
	time.Sleep(settle)
	return r, err
}

// settle is for the disk to digest what was deleted: a virtual one may be slow for a
// moment when half a gigabyte is given back to it, and who comes next would pay.
const settle = 2 * time.Second

func median(results []result, of func(result) float64) float64 {
	var values []float64
	for _, r := range results {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
