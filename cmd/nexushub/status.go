package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// completionTimeout keeps a shell usable when the agent is not.
const completionTimeout = 2 * time.Second

func (c *cli) status() *cobra.Command {
	var system bool
	cmd := &cobra.Command{
		Use: "status [APP]", Short: "Show the state of an application or of the host, and the reason for it",
		Long: `status shows what is known about an application: its state, since when and why, its
unit, process, health, restarts, memory and CPU usage, release and route. Where a known
failure fits what is seen, it says what that means (hint) and what to write in
nexushub.toml.

The exit code is 0 if the application is up, 3 if it is not, and 4 if there is no such
application. Without APP, or with --system, status describes the host and the agent.`,
		Example: "  nexushub status myapp\n  nexushub status --system\n  nexushub status myapp --json | jq .health",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: c.completeApp,
	}
	cmd.Flags().BoolVar(&system, "system", false, "describe the host and the agent")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if system || len(args) == 0 {
			return c.showSystem(cmd)
		}
		return c.showApp(cmd, args[0])
	}
	return cmd
}

func (c *cli) showSystem(cmd *cobra.Command) error {
	client, err := c.control()
	if err != nil {
		return err
	}
	system, err := client.System(cmd.Context())
	if err != nil {
		return err
	}
	return c.out.System(system)
}

func (c *cli) showApp(cmd *cobra.Command, ref string) error {
	client, remote, err := c.client()
	if err != nil {
		return err
	}
	var app api.App
	if remote {
		app, err = remoteApp(cmd.Context(), client, ref)
	} else {
		app, err = client.App(cmd.Context(), ref)
	}
	if err == nil {
		err = c.out.Status(app)
	}
	if err == nil && !app.State.Up() {
		err = &output.Exit{Code: api.ExitNotRunning}
	}
	return err
}
