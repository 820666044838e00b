package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// uninterrupted is held by work that must not stop half done.
var uninterrupted sync.Mutex

// interruptible lets a second Ctrl-C end the program at once: whoever presses it twice does
// not want to wait. A terminal that closes may also send its signal twice.
func interruptible(ctx context.Context) {
	context.AfterFunc(ctx, func() {
		uninterrupted.Lock()
		defer uninterrupted.Unlock()
		signal.Reset(os.Interrupt)
	})
}

// uninterruptible runs do to its end, unless ctx has ended before: neither a second Ctrl-C
// nor a closed output (`| head`, a lost connection) ends the program while it runs.
func uninterruptible(ctx context.Context, do func() error) error {
	uninterrupted.Lock()
	defer uninterrupted.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // what is written fails all the same
	return do()
}

// detached puts a command into a session of its own: signals of the terminal do not reach it,
// only ctx ends it.
func detached(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}
