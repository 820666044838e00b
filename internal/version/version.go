// Package version holds the version stamped into every binary at build time.
package version

// Version and Commit are set by the linker (-X); a plain `go build` says "dev".
var (
	Version = "dev"
	Commit  = "unknown"
)

// String is what --version, the user agent and the journal print.
func String() string { return Version + " (" + Commit + ")" }
