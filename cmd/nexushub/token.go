package main

import (
	"fmt"
	"strconv"
	"strings"
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
	var lasts lifetime
	var req api.NewToken
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create an API token and print it, once",
		Long: `create makes a token, with which nexushub login opens this host from elsewhere. Its role
says what it may do, --app for which applications:

  viewer     list them, their states and logs
  deployer   deploy one application, and nothing else: for a machine that builds
  developer  and deploy, start, stop, roll back and remove them
  operator   and whatever else members of the group nexushub may do, on the whole host

An application is named by its app id, as nexushub deploy --name has it, or where it has
none by the name in nexushub list. It need not be there yet: a developer may create it.

Without --role the token opens the API of debug applications alone, all of them, as tokens
did before there were roles. Nobody creates a token that may do more, or lasts longer, than
what he has himself.`,
		Example: `  nexushub token create laptop-of-ada --role developer --app shop --app blog --expires 30d
  nexushub token create dashboard --role viewer --app '*'
  nexushub token create ci --role deployer --app shop
  nexushub token create oncall --role operator --expires 12h`,
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar((*string)(&req.Role), "role", "", "viewer, deployer, developer or operator")
	flags.StringArrayVar(&req.Applications, "app", nil, "application that the token is for, or * for all; can be repeated")
	flags.Var(&lasts, "expires", "how long the token is valid, 30d or 12h; 0 means until it is revoked")
	_ = cmd.RegisterFlagCompletionFunc("app", c.completeApp) // fail for a flag that is not there
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(
		[]string{"viewer", "deployer", "developer", "operator"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.control()
		if err != nil {
			return err
		}
		req.Name = args[0]
		if lasts > 0 {
			at := c.out.Now().Add(time.Duration(lasts))
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

// lifetime is a flag: a duration, which may be in days.
type lifetime time.Duration

func (l *lifetime) String() string {
	if *l == 0 {
		return "0"
	}
	return time.Duration(*l).String()
}

// Type is what the help shows.
func (l *lifetime) Type() string { return "duration" }

// Set refuses what is no time from now on.
func (l *lifetime) Set(s string) error {
	d, err := time.ParseDuration(s)
	if days, isDays := strings.CutSuffix(s, "d"); isDays {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q must be days or hours: 30d, 12h", s)
	}
	*l = lifetime(d)
	return nil
}

func (c *cli) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke an API token", Example: "  nexushub token revoke 4f1c",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
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
