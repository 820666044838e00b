// Command nexushub-exec gives a command a journal stream of its own for stderr and then
// becomes that command: same process, same arguments, same environment. PID 1 connects
// stdout and stderr to one stream, in which nothing tells them apart.
//
//	nexushub-exec [-q] IDENTIFIER COMMAND [ARGUMENT]...
//
// With -q command and arguments are quoted-printable ("=24" is "$"), because not every
// systemd reads back from a unit's file what it wrote there. Where the journal cannot be
// reached the command runs with the streams it was given.
package main

import (
	"fmt"
	"os"
	"syscall"
)

// notExecuted is what systemd itself ends with when a command cannot be executed.
const notExecuted = 203

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nexushub-exec:", err)
		os.Exit(notExecuted)
	}
}

// run returns only if the command could not be executed.
func run(args []string) error {
	isQuoted := len(args) > 0 && args[0] == "-q"
	if isQuoted {
		args = args[1:]
	}
	if len(args) < 2 {
		return fmt.Errorf("usage: nexushub-exec [-q] IDENTIFIER COMMAND [ARGUMENT]")
	}
	identifier, command := args[0], args[1:]
	if isQuoted {
		command = unquote(command)
	}
	env := os.Environ()
	if fd, err := openStream(identifier); err == nil {
		env = redirect(fd, env)
	}
	if err := syscall.Exec(command[0], command, env); err != nil {
		return fmt.Errorf("%s: %w", command[0], err)
	}
	return nil
}
