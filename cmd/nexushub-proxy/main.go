// Command nexushub-proxy is the network-facing daemon: it serves HTTPS for every
// application on the sockets that systemd holds. It has no privilege and knows
// nothing of D-Bus.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/nexushub/nexushub/internal/logging"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		logging.FatalLine(os.Stderr, "nexushub-proxy", err)
		os.Exit(1)
	}
}
