// Package programs runs real programs of other people: each folder is a package as its
// author's README would have it, and starts a program that Debian or npm has. Each holds
// one fault of the past that only its runtime shows.
package programs
