// Command lab gives people the machines that the tests use.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: go run ./test/lab/cmd/lab COMMAND
  run   [--suite bookworm|trixie] [--deb FILE] [--forward HOST:PORT=ADDRESS] [-- COMMAND]
                       boot a machine, run COMMAND in it (default: a shell), take it away
  list                 running machines
  enter [ID] [-- COMMAND]  a shell in a machine that somebody else booted
  build                make the cached root trees
  sweep                remove what killed machines left
`

var errUsage = errors.New(strings.TrimSpace(usage))

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(status(run(ctx, os.Args[1:], os.Stdout, os.Stderr)))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	commands := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"run": runMachine, "shell": runMachine, "list": list, "enter": enter, "build": build, "sweep": sweep,
	}
	f, ok := commands[args[0]]
	if !ok {
		return errUsage
	}
	return f(ctx, args[1:], stdout, stderr)
}

// status is the exit code of the command in the machine, where there was one.
func status(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
