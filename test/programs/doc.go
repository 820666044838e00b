// Package programs runs real programs of other people. Each folder here is a package as its
// author's README would have it, and starts a program that Debian or npm has; each holds one
// fault of the past that only its runtime shows.
//
// The gallery is in examples/gallery, for users: a folder for each program, with a README whose
// first commands are what the test types, and a row in one of the gallery_*_test.go files that says how
// the program is used. Its rows are grouped by the machines that they need (gallery_test.go): what the
// commands install from Debian has to be in the packages of that machine.
package programs
