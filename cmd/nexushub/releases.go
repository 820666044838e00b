package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/shell"
)

func (c *cli) releases() *cobra.Command {
	return &cobra.Command{
		Use: "releases APP", Short: "List the releases of an application, newest first",
		Long: `releases lists what an application runs, ran and could run again. Where settings were
changed (nexushub config, limits, access) there is a line for each edition: a release with
the settings that it served with, and what changed since the one before.`,
		Example: "  nexushub releases myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			list, err := client.Releases(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.out.Releases(list)
		},
	}
}

func (c *cli) rollback() *cobra.Command {
	return &cobra.Command{
		Use: "rollback APP [RELEASE]", Short: "Go back to an older release, by default the previous one",
		Long: `rollback starts the older release next to the current one, waits until it is healthy, and
only then routes requests to it. If it does not become healthy, nothing changes. RELEASE
is an id from nexushub releases, or the beginning of one if that is unambiguous.

What nexushub config, limits and access had set for that release is restored with it;
secrets are not. After a change that was given up, rollback undoes it.`,
		Example: `  nexushub rollback myapp
  nexushub rollback myapp 3f9a1c
  nexushub rollback myapp 3f9a1c+0      the release without any settings`,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			app, err := client.Rollback(cmd.Context(), args[0], append(args, "")[1])
			if errors.Is(err, api.NotFound) {
				return noRelease(cmd.Context(), client, args[0], err)
			}
			if err != nil {
				return err
			}
			return c.out.RolledBack(app)
		},
	}
}

// noRelease says where to look: the application is there, the release is not.
func noRelease(ctx context.Context, client *api.Client, app string, err error) error {
	if _, failed := client.App(ctx, app); failed != nil {
		return err
	}
	return &output.Hint{Err: err, Text: "to list the releases: " + shell.Command("nexushub releases", app)}
}
