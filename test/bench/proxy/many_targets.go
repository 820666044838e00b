package main

import (
	"context"
	"fmt"
)

// targets compares a request to a route with several targets with one to a single target, as
// they take turns.
func (b *bench) targets(ctx context.Context) error {
	var one, many, ratios []float64
	for range 3 * b.opt.rounds { // the difference is small beside that of two rounds
		single, err := b.measureTargets(ctx, 1)
		if err != nil {
			return err
		}
		all, err := b.measureTargets(ctx, manyTargets)
		if err != nil {
			return err
		}
		one, many, ratios = append(one, single), append(many, all), append(ratios, all/single)
	}
	b.report.Add("targets1", "nexushub", "cpu", median(one), "us/request")
	b.report.Add("targets8", "nexushub", "cpu", median(many), "us/request")
	b.report.Ratios["targets8_vs_1"] = median(ratios)
	return b.ours.serve(ctx, 1, 1)
}

func (b *bench) measureTargets(ctx context.Context, targets int) (float64, error) {
	if err := b.ours.serve(ctx, 1, targets); err != nil {
		return 0, err
	}
	f, err := b.measure(ctx, keepAlive, &b.ours.subject)
	if err == nil && f.failed > 0 {
		err = fmt.Errorf("%v requests failed", f.failed)
	}
	if err != nil {
		return 0, fmt.Errorf("%d targets: %w", targets, err)
	}
	b.say("%d targets: %.1f us/request, %.0f/s", targets, f.cpu, f.rps)
	return f.cpu, nil
}
