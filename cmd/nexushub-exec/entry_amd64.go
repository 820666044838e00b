package main

import (
	"syscall"
	"unsafe"
)

// local stands in for the thread-local storage that the runtime would have.
//
//lint:ignore U1000 used by entry_amd64.s
var local [128]byte

// entry is where the kernel enters in place of the runtime.
//
//lint:ignore U1000 named to the linker
func entry()

// begin takes argc, argv and envp from the stack of a new process.
//
//lint:ignore U1000 used by entry_amd64.s
//go:nosplit
func begin(stack *uintptr) {
	argv := vector{(**byte)(unsafe.Add(unsafe.Pointer(stack), wordSize))}
	code := become(argv, argv.from(int(*stack)+1))
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(code), 0, 0)
	}
}
