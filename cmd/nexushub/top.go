package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) top() *cobra.Command {
	var every time.Duration
	var frames int
	var each bool
	cmd := &cobra.Command{
		Use: "top", Short: "Show CPU, memory and requests per second of all applications, live",
		Long: `top shows what the applications use, the busiest first, until q or Ctrl-C. Without a
terminal it prints one table after another. With --processes there is a line for each replica
of each process instead.`,
		Example: "  nexushub top\n  nexushub top --processes\n  nexushub top --every 5s --frames 3 > usage.txt",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "time between two updates")
	cmd.Flags().IntVar(&frames, "frames", 0, "exit after this many updates; 0 means never")
	cmd.Flags().BoolVar(&each, "processes", false, "show each replica of each process")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond {
			return usage(cmd, errors.New("--every must be at least 100ms"))
		}
		client, err := c.control()
		if err != nil {
			return err
		}
		return c.runTop(cmd.Context(), client, every, frames, each)
	}
	return cmd
}

func (c *cli) runTop(ctx context.Context, client *api.Client, every time.Duration, frames int,
	each bool) (err error) {
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
		if err := c.out.Top(now.since(last, each)); err != nil || n == frames {
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
func (s sample) since(old sample, each bool) (out []output.Load) {
	seconds := s.at.Sub(old.at).Seconds()
	before := map[string]output.Load{}
	for _, l := range loads(old.apps, each) {
		before[counted(l)] = l
	}
	for _, l := range loads(s.apps, each) {
		b := before[counted(l)]
		l.CPU = rate(l.CPUNSec, b.CPUNSec, seconds) / 1e7
		l.Requests = rate(l.App.Requests, b.App.Requests, seconds)
		out = append(out, l)
	}
	return out
}

// counted is whose counters those of a load are: two revisions can have the same replica.
func counted(l output.Load) string {
	if l.Replica == "" {
		return l.ID
	}
	return l.Unit
}

// loads are applications or, where each replica is to be shown, their replicas as if they were.
func loads(apps []api.App, each bool) (list []output.Load) {
	for _, a := range apps {
		if !each || len(a.Processes) == 0 {
			list = append(list, output.Load{App: a})
			continue
		}
		for _, p := range a.Processes {
			for _, r := range p.Replicas {
				one := a
				one.Processes, one.State, one.Unit, one.PID, one.Port = nil, r.State, r.Unit, r.PID, r.Port
				one.Memory, one.CPUNSec, one.Tasks, one.Restarts = r.Memory, r.CPUNSec, r.Tasks, r.Restarts
				one.Requests, one.InFlight = r.Requests, r.InFlight
				list = append(list, output.Load{App: one, Replica: fmt.Sprintf("%s.%d", p.Name, r.Number)})
			}
		}
	}
	return list
}

func rate(now, before uint64, seconds float64) float64 {
	if now < before || seconds <= 0 {
		return 0
	}
	return float64(now-before) / seconds
}
