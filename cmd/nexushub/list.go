package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

func (c *cli) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls", "apps", "ps"}, Short: "List the applications",
		Example: "  nexushub list\n  nexushub list --json | jq -r '.[].url'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			apps, err := c.apps(cmd.Context())
			if err != nil {
				return err
			}
			return c.out.Apps(apps)
		},
	}
}

func (c *cli) apps(ctx context.Context) ([]api.App, error) {
	client, remote, err := c.client()
	switch {
	case err != nil:
		return nil, err
	case remote:
		return remoteApps(ctx, client)
	}
	return client.Apps(ctx)
}

// completeApp offers the names of applications to the shell.
func (c *cli) completeApp(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.complete(cmd, func(ctx context.Context) (names []string, err error) {
		apps, err := c.apps(ctx)
		for _, a := range apps {
			names = append(names, a.Name+"\t"+string(a.State)+" "+a.HostName)
		}
		return names, err
	})
}

// completeJob offers the name of an application, then those of its jobs.
func (c *cli) completeJob(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return c.completeApp(cmd, args, word)
	}
	return c.completeJobOf(cmd, args, word)
}

// completeJobOf offers the jobs of the application that is named.
func (c *cli) completeJobOf(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.complete(cmd, func(ctx context.Context) (names []string, err error) {
		client, err := c.control()
		if err != nil {
			return nil, err
		}
		jobs, err := client.Jobs(ctx, args[0])
		for _, j := range jobs {
			names = append(names, j.Name+"\t"+j.Schedule)
		}
		return names, err
	})
}

// complete offers what ask lists to the shell.
func (c *cli) complete(
	cmd *cobra.Command, ask func(context.Context) ([]string, error),
) ([]string, cobra.ShellCompDirective) {
	if c.overSSH() { // ssh might ask for a password
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	words, err := ask(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
