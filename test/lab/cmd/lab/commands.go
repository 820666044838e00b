package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/test/lab"
)

func runMachine(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	suite := flags.String("suite", string(lab.Bookworm), "Debian release")
	deb := flags.String("deb", "", "package to install first")
	forward := flags.String("forward", "", "HOST:PORT=ADDRESS, an address of the host that leads into the machine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := lab.ParseSuite(*suite)
	if err != nil {
		return err
	}
	m, err := lab.Start(ctx, lab.Options{Suite: s, Progress: stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Shutdown()) }()
	fmt.Fprintf(stderr, "lab: machine %s (%s) is up\n", m.ID, m.Suite)
	if *deb != "" {
		if out, err := m.InstallDeb(ctx, *deb); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	if *forward != "" {
		stop, err := forwardTo(ctx, m, *forward)
		if err != nil {
			return err
		}
		defer stop()
	}
	return attach(ctx, m, flags.Args(), stdout, stderr)
}

func forwardTo(ctx context.Context, m *lab.Machine, spec string) (stop func(), err error) {
	host, inner, ok := strings.Cut(spec, "=")
	if !ok {
		return nil, fmt.Errorf("lab: --forward %q: want HOST:PORT=ADDRESS", spec)
	}
	l, err := net.Listen("tcp", host)
	if err != nil {
		return nil, fmt.Errorf("lab: --forward: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	go m.Forward(ctx, l, inner) //nolint:errcheck // ends with the listener
	return func() { cancel(); l.Close() }, nil
}

// attach runs a command, or a shell, on the caller's terminal.
func attach(ctx context.Context, m *lab.Machine, argv []string, stdout, stderr io.Writer) error {
	if len(argv) == 0 {
		argv = []string{"env", "TERM=" + os.Getenv("TERM"), "bash", "--login"}
	}
	signal.Ignore(syscall.SIGINT) // Ctrl-C is for the command
	cmd := m.Terminal(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	return cmd.Run()
}

func enter(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	id := ""
	if len(args) > 0 && args[0] != "--" {
		id, args = args[0], args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	m, err := lab.Find(id)
	if err != nil {
		return err
	}
	return attach(ctx, m, args, stdout, stderr)
}

func list(_ context.Context, _ []string, stdout, _ io.Writer) error {
	machines, err := lab.List()
	for _, m := range machines {
		fmt.Fprintf(stdout, "%s\t%s\tpid %d\n", m.ID, m.Suite, m.PID())
	}
	return err
}

func build(_ context.Context, _ []string, stdout, stderr io.Writer) error {
	for _, s := range lab.Suites {
		tree, err := lab.Tree(s, stderr)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, tree)
	}
	return nil
}

func sweep(context.Context, []string, io.Writer, io.Writer) error { return lab.Sweep() }
