// Command nexushubd is the agent's daemon: it wires the parts together, tells systemd
// how it is, and ends with one line that names cause and remedy when it cannot start.
package main

import (
	"context"
	"os"

	"github.com/nexushub/nexushub/internal/logging"
)

func main() {
	if err := run(context.Background(), thisHost(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		logging.LastWords(os.Stderr, "nexushubd", err)
		os.Exit(1)
	}
}
