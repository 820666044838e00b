package main

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"

	"github.com/nexushub/nexushub/api"
)

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	c := newCLI(in, out, err)
	c.ctx = ctx
	defer c.closeBridge()
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(err)
	failure := root.ExecuteContext(ctx)
	switch {
	case errors.Is(failure, syscall.EPIPE): // `nexushub list | head`
		return api.ExitOK
	case failure != nil && ctx.Err() != nil:
		return api.ExitInterrupt
	}
	return c.out.PrintError(failure)
}

// isTerminal says whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
