// Package soak holds the long runs of the tests, behind `make soak`.
package soak
