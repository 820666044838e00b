package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// uninterrupted is held by what is worse half done than late.
var uninterrupted sync.Mutex

// interruptible makes the second Ctrl-C end the program: who presses it twice does not
// want to wait. A terminal that goes may well say so twice, too.
func interruptible(ctx context.Context) {
	context.AfterFunc(ctx, func() {
		uninterrupted.Lock()
		defer uninterrupted.Unlock()
		signal.Reset(os.Interrupt)
	})
}

// uninterruptible runs do to its end, unless ctx has ended before: neither a second Ctrl-C nor a
// reader of our output who goes away (`| head`, a connection that is lost) ends the
// program meanwhile.
func uninterruptible(ctx context.Context, do func() error) error {
	uninterrupted.Lock()
	defer uninterrupted.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // what is written fails all the same
	return do()
}

// detached makes a command that the terminal does not reach: only ctx ends it.
func detached(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}
