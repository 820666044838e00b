package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/units"
)

// stopApplications is the end of all applications where no agent is there to ask for it:
// nexushub.target stops, the host goes down, the package is removed. All stop at the same
// time, each is killed at the end of its own grace period, and none keeps another.
func stopApplications(ctx context.Context, h host) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m, err := h.systemd(ctx, slog.Default())
	if err != nil {
		return fmt.Errorf("no connection to systemd over D-Bus: %w", err)
	}
	var g errgroup.Group
	g.Go(func() error { return m.Run(ctx) })
	err = stopEach(ctx, m)
	cancel()
	return errors.Join(err, g.Wait())
}

func stopEach(ctx context.Context, m agent.Units) error {
	list, err := m.List(ctx)
	if err != nil {
		return err
	}
	onces, err := m.Onces(ctx)
	if err != nil {
		return err
	}
	var stops []func() error
	for _, s := range list {
		if units.IsOnce(s.Unit) {
			continue
		}
		stops = append(stops, func() error { return m.Stop(ctx, s.Unit) })
	}
	for _, s := range onces { // with their timers, or what is stopped would begin to run again
		stops = append(stops, func() error { return m.Discard(ctx, s.Unit, true) })
	}
	faults := make([]error, len(stops))
	var g errgroup.Group
	for i, stop := range stops {
		g.Go(func() error {
			faults[i] = stop()
			return nil
		})
	}
	_ = g.Wait() // each has its own error
	return errors.Join(faults...)
}
