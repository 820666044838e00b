// Command nexushub is what operators and developers touch: it lists, deploys, follows
// and explains applications, over the control socket of this host or over HTTPS with a
// token. Every command is one file; package voice owns what they say.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	// Who presses Ctrl-C twice does not want to wait; a terminal that goes may well say so twice.
	context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt) })
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if code != 0 {
		os.Exit(code)
	}
}
