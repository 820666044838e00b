package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) keep() *cobra.Command {
	return &cobra.Command{
		Use: "keep APP", Short: "Make a debug application permanent, as it runs",
		Long: `keep makes an application that nexushub deploy --temporary or dev has deployed permanent. It
does not expire any more, and from then on nexushub deploy replaces its release. It is not
restarted, and keeps its id, host name, release, secrets, files and log.`,
		Example: "  nexushub keep myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			app, err := client.Keep(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.out.Changed("kept", app)
		},
	}
}
