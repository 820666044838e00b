package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

func (c *cli) hosts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hosts", Short: "Add, list and remove the host names of an application",
		Long: `An application may have several host names. The first is its own: the variable HOST says
it, and aliases lead to it. A change takes effect at once and restarts nothing, unless
another name becomes the first. Names stay over deployments and rollbacks.

A static application lists its names in its file in /etc/nexushub/apps.d; debug and dynamic
applications have one.`,
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	cmd.AddCommand(c.hostsList(), c.hostsAdd(), c.hostsRemove())
	return cmd
}

func (c *cli) hostsList() *cobra.Command {
	return &cobra.Command{
		Use: "list APP", Short: "List the host names of an application", Example: "  nexushub hosts list myapp",
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			list, err := client.Hosts(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.out.Hosts(list)
		},
	}
}

func (c *cli) hostsAdd() *cobra.Command {
	var n api.NewAppHost
	cmd := &cobra.Command{
		Use: "add APP NAME", Short: "Add a host name",
		Long: `add adds a host name, or changes how an application has it:

  shop.example.org      one name
  *.shop.example.org    any one label before .shop.example.org; a name that is written out goes
                        before it. ACME gives no certificate for it: put one into the folder of
                        certificates, or the local authority makes one
  example.org/shop      what lies at and below that path of a host; only for an application with
                        access = "open", and beside applications of the same owner

Point the name at this host in DNS. Developers may add the names that nexushub.toml(5) gives
them, [policy.hosts]; operators any that is free.`,
		Example: `  nexushub hosts add myapp shop.example.org
  nexushub hosts add myapp www.shop.example.org --redirect
  nexushub hosts add myapp shop.example.org --first
  nexushub hosts add myapp example.org/shop --strip`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: c.completeApp,
	}
	flags := cmd.Flags()
	flags.BoolVar(&n.Redirect, "redirect", false, "lead requests on to the first name, with the same path and query")
	flags.BoolVar(&n.Strip, "strip", false, "cut the path of the name off before the application sees it")
	flags.BoolVar(&n.First, "first", false, "make it the first name; the application is replaced, because HOST changes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case n.Redirect && n.First:
			return usage(cmd, errors.New("--redirect leads to the first name, so it cannot be --first"))
		case n.Redirect && n.Strip:
			return usage(cmd, errors.New("--redirect keeps the path, so --strip has no meaning"))
		}
		client, err := c.control()
		if err != nil {
			return err
		}
		n.Host = args[1]
		list, err := client.AddHost(cmd.Context(), args[0], n)
		if err != nil {
			return err
		}
		return c.out.Hosts(list)
	}
	return cmd
}

func (c *cli) hostsRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove APP NAME", Aliases: []string{"rm"}, Short: "Remove a host name",
		Long: `remove takes a host name away. The first name cannot be removed: make another one the first
before.`,
		Example: "  nexushub hosts remove myapp www.shop.example.org",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: c.completeHost,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			list, err := client.RemoveHost(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return c.out.Hosts(list)
		},
	}
}

// completeHost completes APP, and then its host names.
func (c *cli) completeHost(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return c.completeApp(cmd, args, word)
	}
	return c.complete(cmd, func(ctx context.Context) (names []string, err error) {
		client, err := c.control()
		if err != nil {
			return nil, err
		}
		list, err := client.Hosts(ctx, args[0])
		for _, h := range list {
			names = append(names, h.Host)
		}
		return names, err
	})
}
