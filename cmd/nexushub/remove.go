package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) remove() *cobra.Command {
	return &cobra.Command{
		Use: "remove APP", Aliases: []string{"rm", "destroy"}, Short: "remove a deployed application with its unit, route, release and files",
		Long: `remove ends an application that was deployed with nexushub deploy or dev. It cannot name
any other: what is in /etc/nexushub/apps.d is removed by removing its file.`,
		Example: "  nexushub remove myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, _, err := c.client()
			if err != nil {
				return err
			}
			a, err := findDebug(cmd.Context(), client, args[0])
			if err != nil {
				return err
			}
			if err := client.DeleteDebug(cmd.Context(), a.ID); err != nil {
				return err
			}
			return c.voice.Removed("application", a.AppID)
		},
	}
}
