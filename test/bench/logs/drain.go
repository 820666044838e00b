package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

const (
	stored = 200_000
	rounds = 5
)

// drain reads all stored lines through SSE, and beside it lets journalctl write the
// same selection in the export format to a pipe. The ratio is made per round.
func (b *bench) drain(ctx context.Context) error {
	b.say("drain: writing %d lines", stored)
	if err := b.write(ctx, stored, 40_000); err != nil {
		return err
	}
	var ours, theirs, ratios []float64
	for round := range rounds {
		j, err := b.journalctl(ctx)
		if err != nil {
			return err
		}
		n, err := b.sse(ctx)
		if err != nil {
			return err
		}
		b.say("round %d: journalctl %.0f entries/s, nexushub %.0f", round+1, j, n)
		ours, theirs, ratios = append(ours, n), append(theirs, j), append(ratios, n/j)
	}
	const scenario = "drain of 200,000 stored lines"
	b.report.Add(scenario, "journalctl -o export to a pipe", "entries", median(theirs), "1/s")
	b.report.Add(scenario, "nexushub SSE over the control socket", "entries", median(ours), "1/s")
	b.report.Ratios["drain_vs_journalctl"] = median(ratios)
	return nil
}

func (b *bench) journalctl(ctx context.Context) (perSecond float64, err error) {
	cmd := b.machine.Command(ctx, "journalctl", "--output=export", "--no-pager", "--quiet",
		"NEXUSHUB_INSTANCE="+b.app.ID)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	n, err := count(out, "\n\n")
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return 0, err
	}
	return enough(n, time.Since(began))
}

func (b *bench) sse(ctx context.Context) (perSecond float64, err error) {
	began := time.Now()
	body, err := b.stream(ctx, "lines=all&follow=0")
	if err != nil {
		return 0, err
	}
	n, err := count(body, "event: log")
	if err = errors.Join(err, body.Close()); err != nil {
		return 0, err
	}
	return enough(n, time.Since(began))
}

func enough(n int, took time.Duration) (perSecond float64, err error) {
	if n < stored {
		return 0, fmt.Errorf("only %d of %d entries came", n, stored)
	}
	return float64(n) / took.Seconds(), nil
}

// count counts a mark in a stream, whole ones across reads too.
func count(r io.Reader, mark string) (n int, err error) {
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		got, err := r.Read(buf[kept:])
		data := buf[:kept+got]
		n += bytes.Count(data, []byte(mark))
		kept = min(len(mark)-1, len(data)) // too short to hold a mark that was counted
		copy(buf, data[len(data)-kept:])
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
