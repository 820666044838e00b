package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) explain() *cobra.Command {
	var process string
	cmd := &cobra.Command{
		Use: "explain APP", Short: "Print the systemd-run command that would run an application",
		Long: `explain prints a systemd-run command with every property of the application's unit:
its real sandbox, limits and environment, in systemd's own words. It can be pasted into
a root shell. Secrets appear as file names, never as values. For an application that is
not running, explain shows how it would run. It is about the first replica of web unless
--process names another.`,
		Example: "  nexushub explain myapp\n  nexushub explain myapp --process worker",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			e, err := client.Explain(cmd.Context(), args[0], process)
			if err != nil {
				return err
			}
			return c.out.Explanation(e)
		},
	}
	cmd.Flags().StringVar(&process, "process", "", "of a process, such as worker, or of one replica, such as worker.2")
	_ = cmd.RegisterFlagCompletionFunc("process", c.completePart)
	return cmd
}
