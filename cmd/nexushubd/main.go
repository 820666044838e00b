// Command nexushubd is the agent's daemon: it wires the parts together and tells systemd
// its state. When it cannot start, it exits with one line that names cause and remedy.
package main

import (
	"context"
	"os"

	"github.com/nexushub/nexushub/internal/logging"
)

func main() {
	if err := run(context.Background(), thisHost(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		logging.FatalLine(os.Stderr, "nexushubd", err)
		os.Exit(1)
	}
}
