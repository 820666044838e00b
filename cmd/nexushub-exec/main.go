// Command nexushub-exec gives a command a journal stream of its own for stderr and then
// becomes that command: same process, same arguments, same environment. PID 1 connects
// stdout and stderr to one stream, in which nothing tells them apart.
//
//	nexushub-exec IDENTIFIER COMMAND [ARGUMENT]...
//
// Where the journal cannot be reached the command runs with the streams it was given.
package main

import (
	"fmt"
	"os"
	"syscall"
)

// notExecuted is what systemd itself ends with when a command cannot be executed.
const notExecuted = 203

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "nexushub-exec:", err)
		os.Exit(notExecuted)
	}
}

// run returns only if the command could not be executed.
func run(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: nexushub-exec IDENTIFIER COMMAND [ARGUMENT]")
	}
	env := os.Environ()
	if fd, err := openStream(args[1]); err == nil {
		env = redirect(fd, env)
	}
	if err := syscall.Exec(args[2], args[2:], env); err != nil {
		return fmt.Errorf("%s: %w", args[2], err)
	}
	return nil
}
