package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/bridge"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/profile"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/version"
)

// cli is what all commands share.
type cli struct {
	in  io.Reader
	out *output.Printer

	socket string
	host   string

	ctx    context.Context // of the whole command
	bridge *bridge.Bridge  // to another host, once it is asked
}

func newCLI(in io.Reader, out, err io.Writer) *cli {
	colour := isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &cli{
		in: in, ctx: context.Background(),
		out: &output.Printer{Stdout: out, Stderr: err, Colour: colour, Terminal: isTerminal(err), Now: time.Now},
	}
}

const rootLong = `nexushub runs applications on this host: systemd supervises them, the journal keeps
their logs, and a TLS proxy routes host names to them.

Operators use it on the host itself, through the control socket (root and members of
the group nexushub), or from elsewhere as who they are there: --host ssh://HOST.
Developers use it from anywhere after: nexushub login HOST --token -`

const rootExample = `  nexushub list                        show what is running
  nexushub deploy ./myapp              package, upload and run a folder, print its URL
  nexushub logs -f myapp               follow a log
  nexushub status myapp                state, health, memory, and the reason for the state
  nexushub rollback myapp              go back to the previous release
  nexushub --host ssh://box list       the same on another host, over ssh`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "nexushub", Short: "manage the applications of this host", Long: rootLong, Example: rootExample,
		Version: version.String(), SilenceErrors: true, SilenceUsage: true,
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs, RunE: c.noCommand,
	}
	root.SetVersionTemplate("nexushub {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	flags := root.PersistentFlags()
	flags.BoolVar(&c.out.AsJSON, "json", false, "print the answer of the API as JSON")
	flags.BoolVarP(&c.out.Quiet, "quiet", "q", false, "no progress, only data and errors")
	flags.StringVar(&c.socket, "socket", api.Socket, "control socket of the agent")
	flags.StringVar(&c.host, "host", os.Getenv("NEXUSHUB_HOST"),
		"host to use instead of this one: ssh://[USER@]HOST, or an API host (see nexushub login)")
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Deploy applications:", []*cobra.Command{
			c.deploy(), c.init(), c.dev(), c.keep(), c.releases(), c.rollback(), c.remove(),
			c.adoptData(),
		}},
		{"Operate applications:", []*cobra.Command{
			c.list(), c.status(), c.events(), c.logs(), c.top(), c.start(), c.stop(), c.restart(), c.scale(), c.jobs(),
			c.runJob(), c.exec(), c.explain(),
		}},
		{"Manage settings, secrets and access:", []*cobra.Command{
			c.config(), c.hosts(), c.secret(), c.limits(), c.access(), c.login(), c.token(), c.user(),
		}},
		{"Manage the host:", []*cobra.Command{
			c.setup(), c.audit(), c.plan(), c.routes(), c.cert(), c.verify(), c.backup(), c.restore(),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(c.version(), c.manPage(root), c.dialStdio())
	for _, cmd := range root.Commands() {
		argsAreUsageErrors(cmd)
	}
	return root
}

// argsAreUsageErrors makes wrong arguments a usage error, for subcommands too.
func argsAreUsageErrors(cmd *cobra.Command) {
	cmd.SuggestionsMinimumDistance = 2
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				text := err.Error()
				if strings.Contains(text, "arg(s)") ||
					strings.HasPrefix(text, "unknown command ") { // cobra's words for their number
					err = fmt.Errorf("wrong number of arguments (%d), usage: %s", len(args), cmd.UseLine())
				}
				return usage(cmd, err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		argsAreUsageErrors(sub)
	}
}

func usage(cmd *cobra.Command, err error) error {
	return &output.Usage{Err: err, Command: cmd.CommandPath()}
}

// noCommand explains what it was given instead of a command.
func (c *cli) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if first := cmd.Commands()[0]; strings.Contains(first.Use, " APP") { // where config APP was meant
		err = fmt.Errorf("unknown command %q: the application comes after what to do with it: %s", args[0],
			shell.Command(first.CommandPath(), args[0]))
	}
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		err = fmt.Errorf("unknown command %q, did you mean: %s", args[0], strings.Join(similar, ", "))
	}
	return usage(cmd, err)
}

// client speaks to the agent, and says whether the login opens the API of deployed applications alone.
func (c *cli) client() (client *api.Client, limited bool, err error) {
	client, host, err := c.agent()
	return client, host != nil && host.Role == "", err
}

// agent is the client, and the host that it logs in to; none over the socket.
func (c *cli) agent() (client *api.Client, host *profile.Host, err error) {
	if c.overSSH() {
		client, err = c.sshClient()
		return client, nil, err
	}
	path, err := profile.Path()
	if err != nil {
		return api.NewClient(c.socket), nil, nil // no home, no profile
	}
	p, err := profile.Load(path)
	if errors.Is(err, profile.ErrForeign) && c.host == "" { // sudo -E: not ours to use
		return api.NewClient(c.socket), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	name := c.host
	if name == "" && p.Default != "" && c.socket == api.Socket && !exists(c.socket) {
		name = p.Default
	}
	if name == "" {
		return api.NewClient(c.socket), nil, nil
	}
	known, ok := p.Hosts[name]
	if !ok {
		return nil, nil, &output.Hint{
			Err:  fmt.Errorf("not logged in to %s", name),
			Text: "log in first: " + shell.Command("nexushub login --token -", name),
		}
	}
	roots, err := known.Roots()
	if err != nil {
		return nil, nil, err
	}
	return api.NewRemoteClient(known.URL, known.Token, roots), &known, nil
}

// control is client for what needs the operators' API.
func (c *cli) control() (*api.Client, error) {
	client, limited, err := c.client()
	if err == nil && limited {
		err = &output.Hint{
			Err: errors.New("this command needs a token that has a role, or the control socket of the host itself"),
			Text: "on the host: nexushub token create NAME --role developer --app APP; then log in with it. " +
				"With this login work: list, status, stop, deploy, dev, logs, remove",
		}
	}
	return client, err
}

// local is client for what only the host itself can do.
func (c *cli) local() (*api.Client, error) {
	client, host, err := c.agent()
	if err == nil && host != nil {
		err = &output.Hint{
			Err:  errors.New("this command works only on the host itself, through the control socket"),
			Text: "it reads secrets or gives a shell; over ssh it works, too: --host ssh://root@HOST",
		}
	}
	return client, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil || !errors.Is(err, fs.ErrNotExist)
}
