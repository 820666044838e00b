package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

// maxSecret is what a credential may have (systemd.exec(5)).
const maxSecret = 1 << 20

func (c *cli) secret() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secret", Short: "Set, list and remove the secrets of an application (root)",
		Long: `Secrets reach an application as environment variables or, with --credential, as files in
$CREDENTIALS_DIRECTORY. They are stored in files that only root can read, and never appear
in unit properties, on a command line or in a log. No command shows their values.

Whoever installs a release can read the secrets that it gets. So only releases that root
or a member of the group nexushub installed get a secret, unless --for says otherwise. A
deployment that would take a secret away from an application is refused.`,
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	cmd.AddCommand(c.secretList(), c.secretSet(), c.secretRemove())
	return cmd
}

func (c *cli) secretList() *cobra.Command {
	return &cobra.Command{
		Use: "list APP", Short: "List the names of the secrets of an application", Example: "  nexushub secret list myapp",
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
			return c.out.Secrets(list)
		},
	}
}

const audienceHelp = `set reads a value from stdin and stores it as a secret of the application, which restarts
without downtime to use it. An environment variable is UTF-8 text without NUL, at most
128 KiB; line breaks at its end are left out. A credential is a file of any bytes, kept as
they are. The secrets of either kind have 1 MiB together. --for says which releases get it:

  operators   installed by root or the group nexushub (the default)
  root        installed by root, and static applications
  developers  all, including those that any holder of a token installed
  TOKEN       installed with this API token (its name or id), or by operators
  unrecorded  installed by an earlier version, which did not record by whom

Without --for, an existing secret keeps its setting.

With --from, every variable of a .env file becomes a secret, or with a fault none: lines
NAME=VALUE, with or without quotes, where # begins a comment.`

func (c *cli) secretSet() *cobra.Command {
	var credential bool
	var from string
	var s api.NewSecret
	cmd := &cobra.Command{
		Use: "set APP NAME", Short: "Set a secret to a value read from stdin, or several from a file",
		Long: audienceHelp,
		Example: `  nexushub secret set myapp API_KEY < key.txt
  nexushub secret set --credential myapp keystore.p12 < keystore.p12
  nexushub secret set --for ci myapp DB_PASSWORD < password.txt
  nexushub secret set --keep-value --for developers myapp DB_PASSWORD
  nexushub secret set myapp --from .env`,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: c.completeApp,
	}
	flags := cmd.Flags()
	fromFlag(cmd, &from)
	flags.BoolVar(&credential, "credential", false,
		"provide a file in $CREDENTIALS_DIRECTORY instead of an environment variable")
	flags.StringSliceVar(&s.For, "for", nil,
		"which releases get it: operators, root, developers, unrecorded, or an API token")
	flags.BoolVar(&s.KeepValue, "keep-value", false, "keep the value, change only which releases get it")
	_ = cmd.RegisterFlagCompletionFunc("for", c.completeAudience) // fails for a flag that is not there
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case from != "" && (len(args) == 2 || credential || s.KeepValue):
			return usage(cmd, errors.New("--from sets the variables of the file, so name none, nor --credential or --keep-value"))
		case len(args) == 2 && strings.Contains(args[1], "="):
			name, _, _ := strings.Cut(args[1], "=")
			return usage(cmd, fmt.Errorf("the value is read from stdin, because other users can see arguments: %s",
				shell.Command("nexushub secret set", args[0], name)))
		case from == "" && len(args) == 1:
			return usage(cmd, errors.New("name a secret, or a file with some, --from FILE"))
		case s.KeepValue && len(s.For) == 0:
			return usage(cmd, errors.New("--keep-value needs --for"))
		case s.KeepValue && credential:
			return usage(cmd, errors.New("--credential needs a value, which --keep-value does not read"))
		}
		client, err := c.local()
		if err != nil {
			return err
		}
		if from != "" {
			return c.secretsFrom(cmd.Context(), client, args[0], from, s.For)
		}
		if s.Name = args[1]; !s.KeepValue {
			if err := c.secretValue(cmd.Context(), &s, credential); err != nil {
				return err
			}
		}
		if err := client.SetSecret(cmd.Context(), args[0], s); err != nil {
			return err
		}
		return c.secretDone(cmd.Context(), client, args[0], s.Name)
	}
	return cmd
}

func (c *cli) secretValue(ctx context.Context, s *api.NewSecret, credential bool) error {
	value, err := c.readSecret(ctx, "value of "+s.Name+": ")
	if err != nil {
		return err
	}
	s.Kind = "credential"
	if !credential {
		s.Kind, value = "env", strings.TrimRight(value, "\r\n")
	}
	s.SetValue(value)
	return nil
}

// secretsFrom sets all variables of a file at once.
func (c *cli) secretsFrom(ctx context.Context, client *api.Client, app, from string, audience []string) error {
	list, err := c.secretsIn(from)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i := range list {
		list[i].For, names[i] = audience, list[i].Name
	}
	if err := client.SetSecrets(ctx, app, list); err != nil {
		return err
	}
	return c.secretDone(ctx, client, app, names...)
}

// secretsIn are the variables of a file.
func (c *cli) secretsIn(file string) ([]api.NewSecret, error) {
	vars, err := c.dotenv(file)
	if err != nil {
		return nil, err
	}
	if len(vars) == 0 {
		return nil, fmt.Errorf("%s sets no variable: %w", file, api.Invalid)
	}
	list := make([]api.NewSecret, len(vars))
	for i, v := range vars {
		list[i] = api.NewSecret{Name: v.Name, Kind: "env", Value: v.Value}
	}
	return list, nil
}

// secretDone also says when the application does not get what was just set for it, and what
// config still says in the open.
func (c *cli) secretDone(ctx context.Context, client *api.Client, app string, names ...string) error {
	list, err := client.Secrets(ctx, app)
	if err != nil {
		return err
	}
	if s, err := client.Settings(ctx, app); err == nil { // an earlier agent has none
		for _, w := range s.Withheld {
			c.out.Note(w)
		}
		for _, name := range names {
			if _, open := s.Env[name]; open {
				c.out.Note("config sets " + name + " as well, where everybody who may see the application can read it: " +
					shell.Command("nexushub config unset", app, name))
			}
		}
	}
	given := slices.Clone(names)
	for _, s := range list {
		if slices.Contains(names, s.Name) && s.Withheld != "" {
			given = slices.DeleteFunc(given, func(name string) bool { return name == s.Name })
			if err := c.out.SecretWithheld(app, s); err != nil {
				return err
			}
		}
	}
	if len(given) == 0 {
		return nil
	}
	return c.out.SecretSet(app, strings.Join(given, ", "))
}

// completeAudience completes --for.
func (c *cli) completeAudience(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	words := []string{"operators", "root", "developers", "unrecorded"}
	tokens, _ := c.complete(cmd, func(ctx context.Context) (names []string, err error) {
		client, err := c.local()
		if err != nil {
			return nil, err
		}
		tokens, err := client.Tokens(ctx)
		for _, t := range tokens {
			names = append(names, t.Name)
		}
		return names, err
	})
	return append(words, tokens...), cobra.ShellCompDirectiveNoFileComp
}

func (c *cli) secretRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove APP NAME", Aliases: []string{"unset", "rm"}, Short: "Remove a secret",
		Example: "  nexushub secret remove myapp API_KEY",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.local()
			if err != nil {
				return err
			}
			if err := client.RemoveSecret(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			return c.out.Removed("secret", args[1])
		},
	}
}
