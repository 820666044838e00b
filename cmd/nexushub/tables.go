package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// table is a command that shows a list of the control API.
func table[T any](c *cli, cmd *cobra.Command, get func(*api.Client, context.Context) (T, error),
	show func(*output.Printer, T) error) *cobra.Command {
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.control()
		if err != nil {
			return err
		}
		list, err := get(client, cmd.Context())
		if err != nil {
			return err
		}
		return show(c.out, list)
	}
	return cmd
}

func (c *cli) routes() *cobra.Command {
	return table(c, &cobra.Command{
		Use: "routes", Short: "List the host names that the proxy serves, and where it routes them",
		Example: "  nexushub routes",
	}, (*api.Client).Routes, (*output.Printer).Routes)
}

func (c *cli) plan() *cobra.Command {
	return table(c, &cobra.Command{
		Use: "plan", Short: "Show what the agent is about to do, and why",
		Example: "  nexushub plan",
	}, (*api.Client).Plan, (*output.Printer).Plan)
}
