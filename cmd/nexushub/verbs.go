package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

func (c *cli) start() *cobra.Command {
	return c.verb("start", "started", "Start a stopped application", (*api.Client).Start)
}

func (c *cli) restart() *cobra.Command {
	return c.verb("restart", "restarted", "Restart an application without downtime", (*api.Client).Restart)
}

func (c *cli) verb(verb, past, short string,
	do func(*api.Client, context.Context, string) (api.App, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " APP", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		Example: "  nexushub " + verb + " myapp",
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			stop := reportWaiting(cmd.Context(), c.out, client.App, args[0])
			app, err := do(client, cmd.Context(), args[0])
			stop()
			if err != nil {
				return err
			}
			return c.out.Changed(past, app)
		},
	}
}

func (c *cli) stop() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "stop APP", Short: "Stop an application until it is started again, across reboots too",
		Long: `stop removes the route, waits for the requests in flight, and stops the application:
SIGTERM, its grace period, SIGKILL. It stays stopped, across reboots too, until nexushub
start.

With --all every application stops at the same time. They stay stopped, across reboots
too, until one of them is started, which starts the others as well. To stop the proxy and
the agent too: systemctl stop nexushub.target`,
		Example: "  nexushub stop myapp\n  nexushub stop --all",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: c.completeApp,
	}
	cmd.Flags().BoolVar(&all, "all", false, "stop every application")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case all && len(args) == 0:
			return c.stopAll(cmd.Context())
		case all || len(args) == 0:
			return usage(cmd, errors.New("name an application, or use --all"))
		}
		return c.stopOne(cmd.Context(), args[0])
	}
	return cmd
}

func (c *cli) stopAll(ctx context.Context) error {
	client, err := c.control()
	if err != nil {
		return err
	}
	if err := client.StopAll(ctx); err != nil {
		return err
	}
	return c.out.StoppedAll()
}

func (c *cli) stopOne(ctx context.Context, ref string) error {
	client, remote, err := c.client()
	if err != nil {
		return err
	}
	if !remote {
		app, err := client.Stop(ctx, ref)
		if err != nil {
			return err
		}
		return c.out.Changed("stopped", app)
	}
	a, err := findDeployment(ctx, client, ref)
	if err != nil {
		return err
	}
	s, err := a.of.Stop(ctx, a.ID)
	if err != nil {
		return err
	}
	return c.out.Changed("stopped", appOf(client, a, s))
}
