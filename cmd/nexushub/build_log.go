package main

import "strings"

// firstLine is a command in one line.
func firstLine(command string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(command), "\n")
	if rest != "" {
		first += " ..."
	}
	return first
}
