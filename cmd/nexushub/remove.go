package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/shell"
)

func (c *cli) remove() *cobra.Command {
	var yes, data bool
	cmd := &cobra.Command{
		Use: "remove APP", Aliases: []string{"rm", "destroy"},
		Short: "Remove a deployed application with its unit, route, releases and files",
		Long: `remove deletes an application that was deployed with nexushub deploy or dev, and no other:
to remove an application of /etc/nexushub/apps.d, delete its file there.

Where limits or access are set, removing it needs the role operator: they would be gone with it.

What a permanent application has stored in its state folder is gone with it, so remove asks
first; without a terminal it wants --yes. Its database in this host's PostgreSQL stays,
until --data drops it: nexushub adopt-data gives it to another application of that name.
A temporary application leaves nothing.`,
		Example: "  nexushub remove myapp\n  nexushub remove --yes --data myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&data, "data", false, "drop its database, too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, remote, err := c.client()
		if err != nil {
			return err
		}
		a, err := findDeployment(cmd.Context(), client, args[0])
		if errors.Is(err, api.NotFound) && !remote {
			return notDeployed(cmd.Context(), client, args[0], err)
		}
		if err == nil && a.of == client.Deployed() && !yes {
			err = c.confirmRemoval(cmd.Context(), a.DebugApplication, data)
		}
		if err != nil {
			return err
		}
		remove := a.of.Delete
		if data {
			remove = a.of.DeleteWithData
		}
		if err := remove(cmd.Context(), a.ID); err != nil {
			return err
		}
		return c.out.Removed("application", a.AppID)
	}
	return cmd
}

// confirmRemoval asks who can answer.
func (c *cli) confirmRemoval(ctx context.Context, a api.DebugApplication, data bool) error {
	lost, again := "what it has stored, its secrets and its releases", "nexushub remove --yes"
	if data {
		lost, again = "what it has stored, its database, its secrets and its releases", again+" --data"
	}
	if !isTerminal(c.in) || !isTerminal(c.out.Stderr) {
		return &output.Hint{
			Err:  fmt.Errorf("%s is permanent: %s would be lost: %w", a.AppID, lost, api.Conflict),
			Text: "to remove it all the same: " + shell.Command(again, a.AppID),
		}
	}
	sure, err := c.ask(ctx, fmt.Sprintf("Remove %s with %s? [y/N] ", a.AppID, lost))
	if err == nil && !sure {
		err = fmt.Errorf("%s was not removed: %w", a.AppID, api.Conflict)
	}
	return err
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
