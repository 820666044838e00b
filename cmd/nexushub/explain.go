package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) explain() *cobra.Command {
	return &cobra.Command{
		Use: "explain APP", Short: "print the systemd-run line that would run an application without us",
		Long: `explain prints a systemd-run command with every property of the application's unit:
what the sandbox, the limits and the environment really are, in systemd's own words. It
can be pasted into a root shell. Secrets are named by their files, never shown. An
application that does not run is explained as it would run.`,
		Example: "  nexushub explain myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			e, err := client.Explain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.out.Explanation(e)
		},
	}
}
