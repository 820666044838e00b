package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/dotenv"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/shell"
)

func (c *cli) config() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Set, list and unset plain environment variables of an application",
		Long: `Variables that config sets lie over those of the manifest, of this release and of every
later one. The application is replaced without downtime to use them; if it does not
become healthy with them, it keeps running as it was.

A variable of somebody who does not get a secret of the application is withheld from the
release that gets it, and the list says so: who does get it sets it again.

Everybody who may see the application can read them. Passwords, keys and tokens are for
nexushub secret.`,
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	cmd.AddCommand(c.configList(), c.configSet(), c.configUnset())
	return cmd
}

func (c *cli) configList() *cobra.Command {
	return &cobra.Command{
		Use: "list APP", Short: "List the variables of an application, and who sets them",
		Example: "  nexushub config list myapp\n  nexushub config list myapp --json | jq .env",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.showSettings(cmd.Context(), args[0], c.out.Config)
		},
	}
}

func (c *cli) configSet() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use: "set APP [NAME=VALUE...]", Short: "Set variables",
		Long: `set sets variables, of its arguments and of a .env file: lines NAME=VALUE, with or without
quotes, where # begins a comment and nothing is filled in for $NAME. An argument wins over
the file.`,
		Example: `  nexushub config set myapp LOG_LEVEL=debug
  nexushub config set myapp --from .env
  nexushub config set myapp --from - < .env`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: c.completeApp,
	}
	fromFlag(cmd, &from)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := c.assignments(cmd, args[1:], from)
		if err != nil {
			return err
		}
		names := slices.Sorted(maps.Keys(env))
		if err := c.changeSettings(cmd.Context(), args[0], map[string]any{"env": env}, "set", names); err != nil {
			return err
		}
		for _, name := range names {
			if looksSecret(name) {
				c.out.Note(name + " looks like a secret, and everybody who may see the application can read it; " +
					shell.Command("nexushub secret set", args[0], name) + " keeps it to the application")
			}
		}
		return nil
	}
	return cmd
}

func fromFlag(cmd *cobra.Command, from *string) {
	cmd.Flags().StringVar(from, "from", "", "read variables from a .env file; - is stdin")
	_ = cmd.MarkFlagFilename("from") // fails for a flag that is not there
}

// assignments are those of a file, and over them those of the arguments.
func (c *cli) assignments(cmd *cobra.Command, args []string, from string) (map[string]any, error) {
	env := map[string]any{}
	if from != "" {
		list, err := c.dotenv(from)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			env[v.Name] = v.Value
		}
	}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, usage(cmd, errors.New("each variable must be NAME=VALUE"))
		}
		env[name] = value
	}
	if len(env) == 0 {
		return nil, usage(cmd, errors.New("name a variable, NAME=VALUE, or a file with some, --from FILE"))
	}
	return env, nil
}

// maxDotenv is far more than an environment may have.
const maxDotenv = 4 << 20

func (c *cli) dotenv(from string) ([]dotenv.Variable, error) {
	in, name := c.in, "stdin"
	if from != "-" {
		f, _, err := beneath.Named(from)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, name = f, from
	}
	data, err := io.ReadAll(io.LimitReader(in, maxDotenv+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDotenv {
		return nil, fmt.Errorf("%s has more than %d bytes: %w", name, maxDotenv, api.TooLarge)
	}
	list, notes, err := dotenv.Parse(name, data)
	for _, n := range notes {
		c.out.Note(n)
	}
	return list, err
}

var secretWord = regexp.MustCompile(`(?i)(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|APIKEY|CREDENTIALS?)(_|$)`)

// looksSecret goes by the name alone.
func looksSecret(name string) bool {
	return secretWord.MatchString(name) && !strings.Contains(strings.ToUpper(name), "PUBLIC")
}

func (c *cli) configUnset() *cobra.Command {
	return &cobra.Command{
		Use: "unset APP NAME...", Aliases: []string{"remove", "rm"}, Short: "Unset variables",
		Long: `unset takes variables back that config set. One that the manifest sets as well has its
value from there again.`,
		Example: "  nexushub config unset myapp LOG_LEVEL",
		Args:    cobra.MinimumNArgs(2), ValidArgsFunction: c.completeVariable,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			before, err := client.Settings(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			env := map[string]any{}
			for _, name := range args[1:] {
				if _, set := before.Env[name]; !set {
					return notSet(args[0], name, before)
				}
				env[name] = nil
			}
			return c.changeSettings(cmd.Context(), args[0], map[string]any{"env": env}, "unset", args[1:])
		},
	}
}

// notSet says who sets a variable that config does not.
func notSet(app, name string, s api.Settings) error {
	err := &output.Hint{Err: fmt.Errorf("config does not set %s of %s: %w", name, app, api.NotFound),
		Text: "to list its variables: " + shell.Command("nexushub config list", app)}
	for _, e := range s.Effective {
		if e.Key == "env."+name {
			err.Text = "its value is from: " + e.From + "; to lay another over it: " +
				shell.Command("nexushub config set", app, name+"=VALUE")
		}
	}
	return err
}

// completeVariable completes what config has set.
func (c *cli) completeVariable(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return c.completeApp(cmd, args, word)
	}
	return c.complete(cmd, func(ctx context.Context) ([]string, error) {
		client, err := c.control()
		if err != nil {
			return nil, err
		}
		s, err := client.Settings(ctx, args[0])
		return slices.Sorted(maps.Keys(s.Env)), err
	})
}

func (c *cli) showSettings(ctx context.Context, app string, show func(app string, s api.Settings) error) error {
	client, err := c.control()
	if err != nil {
		return err
	}
	s, err := client.Settings(ctx, app)
	if err != nil {
		return err
	}
	return show(app, s)
}

// changeSettings waits until the application serves with the new settings. Where it has given them
// up, it says what undoes that.
func (c *cli) changeSettings(ctx context.Context, app string, patch map[string]any, verb string, names []string) error {
	client, err := c.control()
	if err != nil {
		return err
	}
	stop := reportWaiting(ctx, c.out, client.App, app)
	s, err := client.ChangeSettings(ctx, app, patch)
	stop()
	if errors.Is(err, api.Failed) {
		if now, e := client.Settings(ctx, app); e == nil && now.GivenUp != "" {
			return &output.Hint{Err: err, Text: "it keeps running as it was; to undo the change: " +
				shell.Command("nexushub rollback", app)}
		}
	}
	if err != nil {
		return err
	}
	return c.out.SettingsChanged(app, verb, cmp.Or(strings.Join(names, ", "), "settings"), s)
}
