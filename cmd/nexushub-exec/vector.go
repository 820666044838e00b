package main

import "unsafe"

const wordSize = unsafe.Sizeof(uintptr(0))

// vector is argv or envp as the kernel has it: addresses of C strings, the last one nil.
type vector struct{ first **byte }

// at is the place of the string at i.
//
//go:nosplit
//go:norace
func (v vector) at(i int) **byte {
	return (**byte)(unsafe.Add(unsafe.Pointer(v.first), uintptr(i)*wordSize))
}

// from is the vector that begins at i.
//
//go:nosplit
//go:norace
func (v vector) from(i int) vector { return vector{v.at(i)} }

// char is the byte at i of a C string.
//
//go:nosplit
//go:norace
func char(s *byte, i int) *byte { return (*byte)(unsafe.Add(unsafe.Pointer(s), i)) }

// length counts the bytes of a C string.
//
//go:nosplit
//go:norace
func length(s *byte) (n int) {
	for *char(s, n) != 0 {
		n++
	}
	return n
}

// begins says whether a C string begins with prefix.
//
//go:nosplit
//go:norace
func begins(s *byte, prefix string) bool {
	for i := 0; i < len(prefix); i++ {
		if *char(s, i) != *char(unsafe.StringData(prefix), i) { // the NUL of s differs, too
			return false
		}
	}
	return true
}
