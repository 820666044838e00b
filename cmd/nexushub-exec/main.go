// Command nexushub-exec gives a command a journal stream of its own for stderr and then
// becomes that command: same process, same arguments, same environment. PID 1 connects
// stdout and stderr to one stream, which does not say which is which.
//
//	nexushub-exec [-q] IDENTIFIER COMMAND [ARGUMENT]...
//
// With -q command and arguments are quoted-printable ("=24" is "$"), because not every
// systemd reads back from a unit's file what it wrote there. Where the journal cannot be
// reached the command runs with the streams it was given.
//
// It stands before every start of every application, and of the 3 ms that it took the Go
// runtime took all but a tenth to start. So there is none where the linker is told to let
// the kernel enter at main.entry (-E, see the Makefile): what is called from there is
// nosplit, allocates nothing and calls the kernel itself. Elsewhere main does the same.
package main

import (
	"os"
	"runtime"
	"syscall"
)

func main() {
	args, err := syscall.SlicePtrFromStrings(os.Args)
	env, err2 := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil || err2 != nil { // neither the kernel nor os lets a NUL through
		os.Exit(notExecuted)
	}
	status := become(vector{&args[0]}, vector{&env[0]})
	runtime.KeepAlive(args)
	runtime.KeepAlive(env)
	os.Exit(status)
}
