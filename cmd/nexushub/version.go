package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/version"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the versions of this command and of the agent", Args: cobra.NoArgs,
		Example: "  nexushub version\n  nexushub version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.out.Version(version.String(), c.agentVersion(cmd.Context()))
		},
	}
}

// agentVersion is nil where there is no agent to ask: the command has a version alone.
func (c *cli) agentVersion(ctx context.Context) *api.System {
	client, remote, err := c.client()
	if err != nil || remote {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	system, err := client.System(ctx)
	if err != nil {
		return nil
	}
	return &system
}
