package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) token() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Create, list and revoke the API tokens that developers log in with",
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	list := table(c, &cobra.Command{Use: "list", Short: "List the API tokens", Example: "  nexushub token list"},
		(*api.Client).Tokens, (*output.Printer).Tokens)
	cmd.AddCommand(list, c.tokenCreate(), c.tokenRevoke())
	return cmd
}

func (c *cli) tokenCreate() *cobra.Command {
	var expires time.Duration
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create an API token and print it, once",
		Example: "  nexushub token create laptop-of-ada --expires 720h",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().DurationVar(&expires, "expires", 0, "how long the token is valid; 0 means until it is revoked")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.local()
		if err != nil {
			return err
		}
		req := api.NewToken{Name: args[0]}
		if expires > 0 {
			at := c.out.Now().Add(expires)
			req.ExpiresAt = &at
		}
		issued, err := client.CreateToken(cmd.Context(), req)
		if err != nil {
			return err
		}
		return c.out.IssuedToken(issued)
	}
	return cmd
}

func (c *cli) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke an API token", Example: "  nexushub token revoke 4f1c",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			if err := client.RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.out.Removed("token", args[0])
		},
	}
}
