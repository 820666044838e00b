package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/shell"
)

func (c *cli) user() *cobra.Command {
	cmd := &cobra.Command{
		Use: "user", Short: "Add, list and remove the people who may sign in (root)",
		Long: `People sign in at https://login.DOMAIN, the login application, with a password. A role says
what a person may do with this host:

  viewer     see applications, their states and logs
  developer  and deploy applications
  operator   and whatever else members of the group nexushub may do
  owner      and manage people

A person without a role may only enter applications: those that --app names. Operators and
owners enter all of them.

The commands run the login application's own program beside it, in its sandbox and as its
user. So they need root, and work while the application is down.`,
		Args: cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	cmd.AddCommand(c.userList(), c.userAdd(), c.userRole(), c.userPasswd(), c.userInvite(), c.userRemove(),
		c.userLock(api.PeopleLock, "Lock a person out, and end the sessions"),
		c.userLock(api.PeopleUnlock, "Let a person in again who was locked out"))
	return cmd
}

func (c *cli) userList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the people", Example: "  nexushub user list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := c.loginDesk(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := d.ask(cmd.Context(), api.PeopleRequest{Do: api.PeopleList})
			if err != nil {
				return err
			}
			return c.out.People(answer.People, d.names)
		},
	}
}

func (c *cli) userAdd() *cobra.Command {
	var role string
	var apps []string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a person, and print the address of an invitation",
		Long: `add adds a person and prints the address of an invitation. Who opens it within three days
chooses a password, once; hand it to nobody else.`,
		Example: `  nexushub user add ada --role owner
  nexushub user add bob --role developer --app shop
  nexushub user add eve --app wiki`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.rightsFlags(cmd, &role, &apps)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := c.loginDesk(cmd.Context())
		if err != nil {
			return err
		}
		ask := api.PeopleRequest{Do: api.PeopleAdd, Name: args[0]}
		if err := d.rights(cmd, &ask, role, apps); err != nil {
			return err
		}
		return d.invitation(cmd.Context(), ask)
	}
	return cmd
}

func (c *cli) rightsFlags(cmd *cobra.Command, role *string, apps *[]string) {
	cmd.Flags().StringVar(role, "role", "", "viewer, developer, operator, owner, or none")
	cmd.Flags().StringArrayVar(apps, "app", nil,
		"application that the person may enter, * for all, or none; can be repeated")
	_ = cmd.RegisterFlagCompletionFunc("app", c.completeApp) // fails for a flag that is not there
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(
		[]string{"viewer", "developer", "operator", "owner", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

func (c *cli) userRole() *cobra.Command {
	var role string
	var apps []string
	cmd := &cobra.Command{
		Use: "role NAME", Short: "Change the role of a person, or the applications that he may enter",
		Long: `role changes what --role and --app name, and leaves the other as it is. Nobody signs in
anew: what was taken away is refused at the next access token, which an application's page
asks for at least every hour.`,
		Example: `  nexushub user role bob --role operator
  nexushub user role eve --app wiki --app shop
  nexushub user role eve --role none`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeUser,
	}
	c.rightsFlags(cmd, &role, &apps)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("role") && !cmd.Flags().Changed("app") {
			return usage(cmd, errors.New("say what is to change: --role or --app"))
		}
		d, err := c.loginDesk(cmd.Context())
		if err != nil {
			return err
		}
		ask := api.PeopleRequest{Do: api.PeopleRole, Name: args[0]}
		if err := d.rights(cmd, &ask, role, apps); err != nil {
			return err
		}
		answer, err := d.ask(cmd.Context(), ask)
		if err != nil {
			return err
		}
		return c.out.People(answer.People, d.names)
	}
	return cmd
}

func (c *cli) userPasswd() *cobra.Command {
	return &cobra.Command{
		Use: "passwd NAME", Short: "Set a person's password to what is read from stdin, and end the sessions",
		Long: `passwd sets a password of at least 12 characters, read from the terminal or from stdin. It
ends all sessions of that person. An invitation is the better way for somebody who has
forgotten a password: then nobody else knows the new one.`,
		Example: "  nexushub user passwd ada",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.loginDesk(cmd.Context())
			if err != nil {
				return err
			}
			plain, err := c.readSecret(cmd.Context(), "new password of "+args[0]+": ")
			if err != nil {
				return err
			}
			return c.changeUser(cmd.Context(), d, "set", "password of", api.PeopleRequest{
				Do: api.PeoplePassword, Name: args[0], Password: strings.TrimRight(plain, "\r\n"),
			})
		},
	}
}

func (c *cli) userInvite() *cobra.Command {
	return &cobra.Command{
		Use: "invite NAME", Short: "Print the address of a new invitation, for a person who needs a new password",
		Long: `invite prints an address where the person chooses a new password, once, within three days. An
earlier invitation ends now, the current password and the sessions when it is used.`,
		Example: "  nexushub user invite bob", Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.loginDesk(cmd.Context())
			if err != nil {
				return err
			}
			return d.invitation(cmd.Context(), api.PeopleRequest{Do: api.PeopleInvite, Name: args[0]})
		},
	}
}

func (c *cli) userRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a person, and end the sessions", Example: "  nexushub user remove bob",
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.loginDesk(cmd.Context())
			if err != nil {
				return err
			}
			return c.changeUser(cmd.Context(), d, "removed", "person",
				api.PeopleRequest{Do: api.PeopleRemove, Name: args[0]})
		},
	}
}

func (c *cli) userLock(do, short string) *cobra.Command {
	return &cobra.Command{
		Use: do + " NAME", Short: short, Example: "  " + shell.Command("nexushub user", do, "bob"),
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.loginDesk(cmd.Context())
			if err != nil {
				return err
			}
			return c.changeUser(cmd.Context(), d, do+"ed", "person", api.PeopleRequest{Do: do, Name: args[0]})
		},
	}
}

func (c *cli) changeUser(ctx context.Context, d *loginDesk, done, what string, ask api.PeopleRequest) error {
	if _, err := d.ask(ctx, ask); err != nil {
		return err
	}
	return c.out.PersonChanged(done, what, ask.Name)
}

// completeUser completes the name of a person.
func (c *cli) completeUser(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.complete(cmd, func(ctx context.Context) (names []string, err error) {
		d, err := c.loginDesk(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := d.ask(ctx, api.PeopleRequest{Do: api.PeopleList})
		for _, p := range answer.People {
			names = append(names, p.Name)
		}
		return names, err
	})
}

// loginDesk is where the login application's program is asked about people.
type loginDesk struct {
	c      *cli
	client *api.Client
	app    api.App           // the login application
	names  map[string]string // of applications, by their ids
}

func (c *cli) loginDesk(ctx context.Context) (*loginDesk, error) {
	client, err := c.local()
	if err != nil {
		return nil, err
	}
	conf := config.Default()
	if !c.overSSH() {
		if found, err := config.Load(config.Dir); err == nil { // else the agent has what was there before
			conf = found
		}
	}
	apps, err := client.Apps(ctx)
	if err != nil {
		return nil, err
	}
	d := &loginDesk{c: c, client: client, names: map[string]string{}}
	for _, a := range apps {
		d.names[a.ID] = a.Name
		if a.ID == conf.LoginInstance {
			d.app = a
		}
	}
	if d.app.ID == "" {
		return nil, &output.Hint{
			Err: fmt.Errorf("this host has no login application: %w", api.NotFound),
			Text: "cp /usr/share/doc/nexushub/examples/login.toml /etc/nexushub/apps.d/, and after a look at its host_name: " +
				"systemctl reload nexushubd",
		}
	}
	return d, nil
}

// rights fills in what the flags say; applications are named by people and known by their ids.
func (d *loginDesk) rights(cmd *cobra.Command, ask *api.PeopleRequest, role string, apps []string) error {
	if cmd.Flags().Changed("role") {
		if role == "none" {
			role = ""
		}
		ask.Role = (*api.Role)(&role)
	}
	if !cmd.Flags().Changed("app") {
		return nil
	}
	ids := []string{}
	for _, name := range apps {
		switch name {
		case "none":
		case api.AllApplications:
			ids = append(ids, name)
		default:
			a, err := d.client.App(cmd.Context(), name)
			if err != nil {
				return err
			}
			ids = append(ids, a.ID)
		}
	}
	ask.Applications = &ids
	return nil
}

// invitation asks for something whose answer is an invitation, and shows its address.
func (d *loginDesk) invitation(ctx context.Context, ask api.PeopleRequest) error {
	answer, err := d.ask(ctx, ask)
	if err != nil {
		return err
	}
	if len(answer.People) != 1 || answer.Invitation == "" || answer.ExpiresAt == nil {
		return fmt.Errorf("the login application has answered without an invitation: %w", api.Internal)
	}
	link := strings.TrimSuffix(d.app.URL, "/") + "/invitation?" + url.Values{"code": {answer.Invitation}}.Encode()
	return d.c.out.Invitation(output.Invitation{Person: answer.People[0], Link: link, ExpiresAt: *answer.ExpiresAt})
}

// deskPatience is much more than an answer takes: a login application of somebody else may take the
// request for anything.
const deskPatience = 30 * time.Second

// ask runs the program with the request on its standard input, where nobody else sees it.
func (d *loginDesk) ask(ctx context.Context, req api.PeopleRequest) (answer api.PeopleAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, deskPatience)
	defer cancel()
	argv, err := d.command(ctx)
	if err != nil {
		return answer, err
	}
	in, err := json.Marshal(req)
	if err != nil {
		return answer, err
	}
	var out bytes.Buffer
	if err := command(ctx, argv, bytes.NewReader(in), &out, cleaned{d.c.out.Stderr}).Run(); err != nil {
		return answer, &output.Hint{
			Err:  fmt.Errorf("the login application's program has failed: %w: %w", err, api.Internal),
			Text: "nexushub user needs the login application of this version: " + d.app.Name + " may be another one",
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return answer, fmt.Errorf("the login application's answer cannot be read: %w: %w", err, api.Internal)
	}
	if answer.Problem != "" {
		return answer, fmt.Errorf("%s: %w", answer.Problem, api.Invalid)
	}
	return answer, nil
}

func (d *loginDesk) command(ctx context.Context) ([]string, error) {
	manage := []string{"bin/app", "manage"}
	if d.c.overSSH() {
		target, err := d.c.target()
		return target.Command(false, append([]string{"nexushub exec", d.app.ID, "--"}, manage...)...), err
	}
	line, err := d.client.ExecLine(ctx, d.app.ID, api.ExecRequest{Command: manage})
	if err == nil && len(line.Command) == 0 {
		err = fmt.Errorf("the agent returned no command: %w", api.Internal)
	}
	return line.Command, err
}
