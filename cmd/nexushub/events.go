package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

func (c *cli) events() *cobra.Command {
	return &cobra.Command{
		Use: "events", Short: "Follow the states of all applications, live",
		Long: `events shows how each application stands, and then every change of state with its reason,
until Ctrl-C. After a lost connection, or a restart of the agent, it goes on where it was, or if
too much has happened since with what is another than before. With --json it prints one
document per line; those with "removed" are of applications that are gone.`,
		Example: "  nexushub events\n  nexushub events --json | jq -r 'select(.state == \"failed\") | .name'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			return c.followEvents(cmd.Context(), client)
		},
	}
}

// followEvents ends with ctx or with an error that does not pass.
func (c *cli) followEvents(ctx context.Context, client *api.Client) error {
	after, seen := "", standing{}
	for delay := 200 * time.Millisecond; ; delay = min(2*delay, 5*time.Second) {
		for e, err := range client.StateEvents(ctx, after) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil && !transient(err) {
				return err
			}
			if err != nil {
				c.out.Reconnecting(err)
				break
			}
			for _, one := range seen.news(e) {
				if err := c.out.StateEvent(one); err != nil {
					return err
				}
			}
			after, delay = e.ID, 200*time.Millisecond
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

// standing is how applications stand, by instance, as far as it was told.
type standing map[string]api.StateEvent

// news are the events that tell something. A snapshot tells also what is not in it: that is gone.
func (s standing) news(e api.StateEvents) (list []api.StateEvent) {
	there := map[string]bool{}
	for _, one := range e.Events {
		there[one.Instance] = true
		if old, known := s[one.Instance]; !e.Snapshot || !known || old.State != one.State {
			list = append(list, one)
		}
		if s[one.Instance] = one; one.Removed {
			delete(s, one.Instance)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s)) {
		if e.Snapshot && !there[id] {
			gone := s[id]
			gone.ID, gone.Removed, gone.Before, gone.Why = e.ID, true, "", ""
			list = append(list, gone)
			delete(s, id)
		}
	}
	return list
}
