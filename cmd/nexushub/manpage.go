package main

import (
	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/cmd/nexushub/man"
)

// manPage writes nexushub(1) from the commands themselves, so that it cannot be wrong.
func (c *cli) manPage(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "man-page", Short: "Print nexushub(1)", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return man.Write(c.out.Stdout, root) },
	}
}
