// Command inside does the uploads that test/bench/upload measures, in the machine.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

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

// subject takes the whole file once; clean makes it ready for the next time.
type subject struct {
	name  string
	take  func(ctx context.Context, data []byte) error
	clean func(ctx context.Context) error
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
	subjects := append([]subject{local()}, a.subjects()...)
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

// measure lets the subjects take turns and gives the median of each.
func measure(ctx context.Context, subjects []subject, data []byte, rounds int, stderr io.Writer) ([]report.Row, error) {
	speeds := make([][]float64, len(subjects))
	for round := range rounds + 1 { // the first warms up
		for i, s := range subjects {
			start := time.Now()
			if err := s.take(ctx, data); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			speed := float64(len(data)>>20) / time.Since(start).Seconds()
			if err := s.clean(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(stderr, "round %d: %s: %.0f MiB/s\n", round, s.name, speed)
			if round > 0 {
				speeds[i] = append(speeds[i], speed)
			}
		}
	}
	var rows []report.Row
	for i, s := range subjects {
		slices.Sort(speeds[i])
		rows = append(rows, report.Row{Case: "upload", Subject: s.name, Metric: "MiB/s", Value: speeds[i][len(speeds[i])/2], Unit: "MiB/s"})
	}
	return rows, nil
}
