package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

// maxSecret is what a credential may have (systemd.exec(5)).
const maxSecret = 1 << 20

func (c *cli) secret() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secret", Short: "set, list and remove the secrets of an application (root)",
		Long: `Secrets reach an application as environment variables, or as files in
$CREDENTIALS_DIRECTORY with --credential. They lie in root-only files and never appear
in unit properties, on a command line or in a log. No command shows a value again.`,
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	cmd.AddCommand(c.secretList(), c.secretSet(), c.secretRemove())
	return cmd
}

func (c *cli) secretList() *cobra.Command {
	return &cobra.Command{
		Use: "list APP", Short: "list the names of an application's secrets", Example: "  nexushub secret list myapp",
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			list, err := client.Secrets(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.voice.Secrets(list)
		},
	}
}

func (c *cli) secretSet() *cobra.Command {
	var credential bool
	cmd := &cobra.Command{
		Use: "set APP NAME", Short: "set a secret; its value comes from stdin",
		Example: "  nexushub secret set myapp API_KEY < key.txt\n  nexushub secret set --credential myapp tls.key < server.key",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: c.completeApp,
	}
	cmd.Flags().BoolVar(&credential, "credential", false, "a file in $CREDENTIALS_DIRECTORY instead of an environment variable")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.local()
		if err != nil {
			return err
		}
		value, err := c.readSecret(cmd.Context(), "value of "+args[1]+": ")
		if err != nil {
			return err
		}
		s := api.NewSecret{Name: args[1], Kind: "env", Value: value}
		if credential {
			s.Kind = "credential"
		} else {
			s.Value = strings.TrimRight(value, "\r\n")
		}
		if err := client.SetSecret(cmd.Context(), args[0], s); err != nil {
			return err
		}
		return c.voice.SecretSet(args[0], args[1])
	}
	return cmd
}

func (c *cli) secretRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove APP NAME", Aliases: []string{"unset", "rm"}, Short: "remove a secret", Example: "  nexushub secret remove myapp API_KEY",
		Args: cobra.ExactArgs(2), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			if err := client.RemoveSecret(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			return c.voice.Removed("secret", args[1])
		},
	}
}
