package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) top() *cobra.Command {
	var every time.Duration
	var frames int
	cmd := &cobra.Command{
		Use: "top", Short: "Show CPU, memory and requests per second of all applications, live",
		Long: `top shows what the applications use, the busiest first, until q or Ctrl-C. Without a
terminal it prints one table after another.`,
		Example: "  nexushub top\n  nexushub top --every 5s --frames 3 > usage.txt",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "time between two updates")
	cmd.Flags().IntVar(&frames, "frames", 0, "exit after this many updates; 0 means never")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond {
			return usage(cmd, errors.New("--every must be at least 100ms"))
		}
		client, err := c.control()
		if err != nil {
			return err
		}
		return c.runTop(cmd.Context(), client, every, frames)
	}
	return cmd
}

func (c *cli) runTop(ctx context.Context, client *api.Client, every time.Duration, frames int) (err error) {
	keys, restore, err := c.keys(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	last, err := takeSample(ctx, client)
	if err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case k := <-keys:
			if k == 'q' || k == 'Q' {
				return nil
			}
			n--
			continue
		case <-tick.C:
		}
		now, err := takeSample(ctx, client)
		if err != nil {
			return err
		}
		if err := c.out.Top(now.since(last)); err != nil || n == frames {
			return err
		}
		last = now
	}
}

// sample is one look at all applications.
type sample struct {
	at   time.Time
	apps []api.App
}

func takeSample(ctx context.Context, client *api.Client) (sample, error) {
	apps, err := client.Apps(ctx)
	return sample{time.Now(), apps}, err
}

// since turns two samples into rates. A counter that went back is that of a new unit.
func (s sample) since(old sample) []output.Load {
	before := map[string]api.App{}
	for _, a := range old.apps {
		before[a.ID] = a
	}
	seconds := s.at.Sub(old.at).Seconds()
	out := make([]output.Load, len(s.apps))
	for i, a := range s.apps {
		b := before[a.ID]
		out[i] = output.Load{
			App:      a,
			CPU:      rate(a.CPUNSec, b.CPUNSec, seconds) / 1e7,
			Requests: rate(a.Requests, b.Requests, seconds),
		}
	}
	return out
}

func rate(now, before uint64, seconds float64) float64 {
	if now < before || seconds <= 0 {
		return 0
	}
	return float64(now-before) / seconds
}
