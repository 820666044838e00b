package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/bridge"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/termtext"
)

// overSSH says whether --host names a host that ssh reaches.
func (c *cli) overSSH() bool { return strings.HasPrefix(c.host, bridge.Scheme) }

func (c *cli) target() (bridge.Target, error) {
	target, err := bridge.Parse(c.host)
	if err != nil {
		err = &output.Usage{Err: fmt.Errorf("--host: %w", err), Command: "nexushub"}
	}
	return target, err
}

// sshClient speaks to the control socket of another host. All requests of a command go over
// one ssh, which ends with it.
func (c *cli) sshClient() (*api.Client, error) {
	if c.bridge != nil {
		return c.bridge.Client(), nil
	}
	target, err := c.target()
	if err != nil {
		return nil, err
	}
	c.bridge, err = bridge.Open(c.ctx, target, c.socket, cleaned{c.out.Stderr})
	if err != nil {
		return nil, sshFault(err)
	}
	return c.bridge.Client(), nil
}

// sshFault says what to do. What ssh or the other host has said is above it.
func sshFault(err error) error {
	var ended *bridge.Ended
	switch {
	case errors.Is(err, bridge.ErrNoSSH):
		return &output.Hint{Err: fmt.Errorf("%w: %w", err, api.Unavailable), Text: "apt install openssh-client"}
	case !errors.As(err, &ended):
		return err
	}
	text := ""
	switch ended.Code {
	case 255:
		text = "ssh alone must work: " + shell.Command("ssh", ended.Target.String(), "true")
	case 127:
		text = "install NexusHub there; nexushub must be in the PATH that ssh gives to commands"
	case api.ExitUsage:
		text = "NexusHub there is older than this command: upgrade it"
	default: // nexushub there has said it
		return &output.Exit{Code: ended.Code}
	}
	return &output.Hint{Err: fmt.Errorf("%w: %w", err, api.Unavailable), Text: text}
}

// closeBridge ends ssh.
func (c *cli) closeBridge() {
	if c.bridge != nil {
		c.bridge.Close()
	}
}

// execOverSSH runs the same command there: the unit that it makes is PID 1's of that host.
func (c *cli) execOverSSH(cmd *cobra.Command, args []string) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	terminal := isTerminal(c.in) && isTerminal(c.out.Stdout)
	there := append([]string{"nexushub exec"}, args...)
	return c.spawn(cmd.Context(), target.Command(terminal, there...))
}

// here refuses what works on files of the host that it runs on, when another is named.
func (c *cli) here(cmd *cobra.Command) error {
	if c.host == "" {
		return nil
	}
	return &output.Hint{
		Err:  fmt.Errorf("%s works on the host itself, and --host names another", cmd.CommandPath()),
		Text: "log in there: ssh HOST, then " + cmd.CommandPath(),
	}
}

// dialStdio is what ssh runs at the other end.
func (c *cli) dialStdio() *cobra.Command {
	return &cobra.Command{
		Use: "dial-stdio", Short: "Pass requests from stdin to the control socket", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bridge.Serve(cmd.Context(), c.in, c.out.Stdout, c.socket)
		},
	}
}

// cleaned shows what another host writes, harmless to the terminal.
type cleaned struct{ w io.Writer }

func (c cleaned) Write(p []byte) (int, error) {
	lines := strings.Split(string(p), "\n")
	for i, line := range lines {
		lines[i] = termtext.Text(strings.TrimSuffix(line, "\r"))
	}
	if _, err := io.WriteString(c.w, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}
