package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/units"
)

// firstPort lies outside of what the agent gives away.
const firstPort = 20000

// settle lets PID 1 and the kernel finish with what was stopped before.
const settle = 60 * time.Millisecond

// measure compares first without the agent, which would stop what it did not start, and
// then through it.
func measure(ctx context.Context, rounds, many int) ([]report.Row, error) {
	if err := command("systemctl", "stop", "nexushubd.service"); err != nil {
		return nil, err
	}
	rows, err := byHand(ctx, rounds, many)
	if err != nil {
		return nil, err
	}
	chain, err := throughAgent(ctx, rounds, many)
	rows = append(rows, chain...)
	slices.SortFunc(rows, compare)
	return rows, err
}

func byHand(ctx context.Context, rounds, many int) ([]report.Row, error) {
	m, err := units.Dial(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { _ = m.Run(ctx) }()
	all, err := starters(m)
	if err != nil {
		return nil, err
	}
	rows, err := takeTurns(ctx, "one", all, rounds)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.parallel() && many > 0 {
			row, err := cold(ctx, s, many)
			if err != nil {
				return nil, fmt.Errorf("cold start of %s: %w", s.name(), err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// takeTurns: in each round every kind starts once, in random order.
func takeTurns(ctx context.Context, scenario string, all []starter, rounds int) ([]report.Row, error) {
	times := map[string][]time.Duration{}
	for n := range rounds * len(all) {
		if n%len(all) == 0 {
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		s := all[n%len(all)]
		took, err := one(ctx, s, firstPort+n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name(), err)
		}
		times[s.name()] = append(times[s.name()], took)
	}
	var rows []report.Row
	for name, list := range times {
		slices.Sort(list)
		for metric, at := range map[string]int{"p50": len(list) / 2, "p90": len(list) * 9 / 10, "min": 0} {
			rows = append(rows, report.Row{Case: scenario, Subject: name, Metric: metric,
				Value: ms(list[at]), Unit: "ms"})
		}
	}
	return rows, nil
}

func compare(a, b report.Row) int {
	return slices.Compare([]string{a.Case, a.Subject, a.Metric}, []string{b.Case, b.Subject, b.Metric})
}

// one starts an application, waits for its first answer and stops it again. Where the
// request is held until it can be answered it is sent at once, as users do; a port that
// refuses is asked when the start has returned, for asking all the time slows it down.
func one(ctx context.Context, s starter, port int) (time.Duration, error) {
	time.Sleep(settle)
	begin := time.Now()
	started := make(chan error, 1)
	if s.held() {
		go func() { started <- s.start(ctx, port) }()
	} else if err := s.start(ctx, port); err != nil {
		return 0, err
	} else {
		started <- nil
	}
	answered := answers(ctx, s.url(port))
	took := time.Since(begin)
	if err := errors.Join(<-started, answered); err != nil {
		return 0, err
	}
	return took, s.stop(ctx, port)
}

// cold starts many at once, as after a boot, until the last answers.
func cold(ctx context.Context, s starter, many int) (report.Row, error) {
	time.Sleep(time.Second)
	begin := time.Now()
	err := each(ctx, many, func(ctx context.Context, port int) error {
		if err := s.start(ctx, port); err != nil {
			return err
		}
		return answers(ctx, s.url(port))
	})
	took := time.Since(begin)
	if err == nil {
		err = each(ctx, many, s.stop)
	}
	fmt.Fprintf(os.Stderr, "%d at once, %s: %v\n", many, s.name(), took)
	return report.Row{Case: "cold", Subject: s.name(), Metric: "all answer", Value: took.Seconds(), Unit: "s"}, err
}

func each(ctx context.Context, many int, f func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(64)
	for i := range many {
		g.Go(func() error { return f(ctx, firstPort+i) })
	}
	return g.Wait()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
