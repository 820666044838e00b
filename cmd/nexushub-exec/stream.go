package main

import (
	"syscall"
	"unsafe"
)

const (
	// journalAddress is a struct sockaddr_un: AF_UNIX in the byte order of every machine
	// that Debian's systemd 252 and later is built for with Go, then the path.
	journalAddress = "\x01\x00/run/systemd/journal/stdout\x00"
	// journalHeader follows the identifier: unit (only heard from root), priority (4,
	// warning; stdout has PID 1's default, 6, info), parse "<N>", forward to syslog, kmsg,
	// console. Source: journald-stream.c.
	journalHeader = "\n\n4\n0\n0\n0\n0\n"
)

// openStream connects to the journal as PID 1 does for a unit: seven header lines, then
// the text. The journal takes the unit from the process.
//
//go:nosplit
//go:norace
func openStream(identifier *byte) (fd uintptr, ok bool) {
	fd, _, errno := syscall.RawSyscall(syscall.SYS_SOCKET, syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if errno != 0 {
		return 0, false
	}
	_, _, errno = syscall.RawSyscall(syscall.SYS_CONNECT, fd, uintptr(unsafe.Pointer(unsafe.StringData(journalAddress))),
		uintptr(len(journalAddress)))
	if errno != 0 {
		return 0, false
	}
	_, _, _ = syscall.RawSyscall(syscall.SYS_SHUTDOWN, fd, syscall.SHUT_RD, 0)
	return fd, write(fd, identifier, length(identifier)) && write(fd, unsafe.StringData(journalHeader), len(journalHeader))
}

var (
	status   syscall.Stat_t // of the new stream
	variable [64]byte       // JOURNAL_STREAM=DEV:INO
)

const streamName = "JOURNAL_STREAM="

// redirect puts the stream in the place of stderr and says so in JOURNAL_STREAM, by
// which programs know that they write to the journal (systemd.exec(5)).
//
//go:nosplit
//go:norace
func redirect(fd uintptr, envp vector) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_DUP3, fd, 2, 0); errno != 0 {
		return
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, 2, uintptr(unsafe.Pointer(&status)), 0); errno != 0 {
		return
	}
	for i := 0; *envp.at(i) != nil; i++ {
		if begins(*envp.at(i), streamName) {
			*envp.at(i) = named(status.Dev, status.Ino)
		}
	}
}

// named writes the variable as a C string.
//
//go:nosplit
//go:norace
func named(dev, ino uint64) *byte {
	n := 0
	for ; n < len(streamName); n++ {
		variable[n] = *char(unsafe.StringData(streamName), n)
	}
	n = decimal(n, dev)
	variable[n] = ':'
	variable[decimal(n+1, ino)] = 0
	return &variable[0]
}

// decimal writes x to variable from place at on, and returns the place after it.
//
//go:nosplit
//go:norace
func decimal(at int, x uint64) int {
	end := at + 1
	for rest := x / 10; rest > 0; rest /= 10 {
		end++
	}
	for i := end - 1; i >= at; i-- {
		variable[i] = byte('0' + x%10)
		x /= 10
	}
	return end
}
