package main

import (
	"syscall"
	"unsafe"
)

// notExecuted is what systemd itself ends with when a command cannot be executed.
const notExecuted = 203

// become returns only if the command could not be executed, with the exit status.
//
//go:nosplit
//go:norace
func become(argv, envp vector) int {
	args := argv.from(1)
	isQuoted := *args.first != nil && begins(*args.first, "-q\x00")
	if isQuoted {
		args = args.from(1)
	}
	if *args.first == nil || *args.at(1) == nil {
		say("usage: nexushub-exec [-q] IDENTIFIER COMMAND [ARGUMENT]")
		say("\n")
		return notExecuted
	}
	command := args.from(1)
	for i := 0; isQuoted && *command.at(i) != nil; i++ {
		unquote(*command.at(i))
	}
	if fd, ok := openStream(*args.first); ok {
		redirect(fd, envp)
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(*command.first)),
		uintptr(unsafe.Pointer(command.first)), uintptr(unsafe.Pointer(envp.first)))
	complain(*command.first, errno)
	return notExecuted
}

//go:nosplit
//go:norace
func complain(command *byte, errno syscall.Errno) {
	say("nexushub-exec: ")
	write(2, command, length(command))
	switch errno {
	case syscall.ENOENT:
		say(": no such file or directory\n")
	case syscall.EACCES:
		say(": permission denied\n")
	case syscall.ENOEXEC:
		say(": not a program\n")
	default:
		say(": cannot be executed\n")
	}
}

//go:nosplit
//go:norace
func say(text string) { write(2, unsafe.StringData(text), len(text)) }

// write says whether it succeeded. A complaint that it cannot write is lost: there is
// nobody else to tell.
//
//go:nosplit
//go:norace
func write(fd uintptr, p *byte, n int) bool {
	_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(p)), uintptr(n))
	return errno == 0
}
