package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) remove() *cobra.Command {
	return &cobra.Command{
		Use: "remove APP", Aliases: []string{"rm", "destroy"},
		Short: "Remove a deployed application with its unit, route, releases and files",
		Long: `remove deletes an application that was deployed with nexushub deploy or dev, and no other:
to remove an application of /etc/nexushub/apps.d, delete its file there.`,
		Example: "  nexushub remove myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, remote, err := c.client()
			if err != nil {
				return err
			}
			a, err := findDebug(cmd.Context(), client, args[0])
			if errors.Is(err, api.NotFound) && !remote {
				return notDeployed(cmd.Context(), client, args[0], err)
			}
			if err != nil {
				return err
			}
			if err := client.DeleteDebug(cmd.Context(), a.ID); err != nil {
				return err
			}
			return c.out.Removed("application", a.AppID)
		},
	}
}

// notDeployed says how to remove an application that exists but was not deployed.
func notDeployed(ctx context.Context, client *api.Client, ref string, err error) error {
	app, failed := client.App(ctx, ref)
	switch {
	case failed != nil:
		return err
	case app.Kind == "static":
		return &output.Hint{
			Err:  fmt.Errorf("%s was not deployed, it comes from this host's configuration: %w", app.Name, api.Conflict),
			Text: "delete its file in /etc/nexushub/apps.d, then: systemctl reload nexushubd",
		}
	}
	return &output.Hint{
		Err:  fmt.Errorf("%s was not deployed, it comes from the admin service: %w", app.Name, api.Conflict),
		Text: "remove it in the admin service",
	}
}
