package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// unbroken is held by what is worse half done than late.
var unbroken sync.Mutex

// interruptible makes the second Ctrl-C end the program: who presses it twice does not
// want to wait. A terminal that goes may well say so twice, too.
func interruptible(ctx context.Context) {
	context.AfterFunc(ctx, func() {
		unbroken.Lock()
		defer unbroken.Unlock()
		signal.Reset(os.Interrupt)
	})
}

// whole runs do to its end, unless ctx has ended before: neither a second Ctrl-C nor a
// reader of our output who goes away (`| head`, a connection that is lost) ends the
// program meanwhile.
func whole(ctx context.Context, do func() error) error {
	unbroken.Lock()
	defer unbroken.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // what is written fails all the same
	return do()
}

// apart makes a command that the terminal does not reach: only ctx ends it.
func apart(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}
