package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) exec() *cobra.Command {
	return &cobra.Command{
		Use:   "exec APP -- COMMAND [ARG...]",
		Short: "Run a command in the environment of an application (root)",
		Long: `exec runs a command, a migration or a console for example, in a unit of its own with the
application's sandbox, user, environment, limits and state folder, in its release folder.
The application need not be running: exec can also show why it does not start. It needs
root. The exit code is that of the command.`,
		Example: "  nexushub exec myapp -- bin/app migrate\n  nexushub exec myapp -- sh",
		Args:    cobra.MinimumNArgs(2), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.overSSH() {
				return c.execOverSSH(cmd, args)
			}
			client, err := c.local()
			if err != nil {
				return err
			}
			tty := isTerminal(c.in) && isTerminal(c.out.Stdout)
			line, err := client.ExecLine(cmd.Context(), args[0], api.ExecRequest{Command: args[1:], TTY: tty})
			if err != nil {
				return err
			}
			return c.spawn(cmd.Context(), line.Command)
		},
	}
}

// spawn runs a command in our place and passes its exit code on.
func (c *cli) spawn(ctx context.Context, argv []string) error {
	if len(argv) == 0 {
		return fmt.Errorf("the agent returned no command: %w", api.Internal)
	}
	err := command(ctx, argv, c.in, c.out.Stdout, c.out.Stderr).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return &output.Exit{Code: exit.ExitCode()}
	}
	return err
}

// command ends with SIGTERM when ctx ends, so that what it started can clean up.
func command(ctx context.Context, argv []string, in io.Reader, out, err io.Writer) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}
