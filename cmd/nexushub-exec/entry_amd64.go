package main

import (
	"syscall"
	"unsafe"
)

// local stands in for the thread-local storage that the runtime would have.
var local [128]byte

// entry is where the kernel enters in place of the runtime.
func entry()

// begin takes argc, argv and envp from the stack of a new process.
//
//go:nosplit
func begin(stack *uintptr) {
	argv := vector{(**byte)(unsafe.Add(unsafe.Pointer(stack), wordSize))}
	code := become(argv, argv.from(int(*stack)+1))
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(code), 0, 0)
	}
}
