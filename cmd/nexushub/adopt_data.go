package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) adoptData() *cobra.Command {
	var discard bool
	cmd := &cobra.Command{
		Use: "adopt-data APP", Short: "Give an application the database that a removed one of its name has left",
		Long: `adopt-data lets an application have the database that another one of its name has left in
this host's PostgreSQL: nexushub remove keeps databases, and who deploys a name again does
not get at what was stored under it before. It needs the role operator. The application is
started afterwards. With --discard that database is dropped instead, and the application
gets an empty one.

A database whose application is still there, and one that NexusHub has not made, are
refused.`,
		Example: "  nexushub adopt-data myapp\n  nexushub adopt-data --discard myapp",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
	}
	cmd.Flags().BoolVar(&discard, "discard", false, "drop that database, and begin with an empty one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.control()
		if err != nil {
			return err
		}
		app, err := client.AdoptData(cmd.Context(), args[0], discard)
		if err != nil {
			return err
		}
		return c.out.Changed(map[bool]string{false: "gave the kept data to", true: "discarded the kept data of"}[discard], app)
	}
	return cmd
}
