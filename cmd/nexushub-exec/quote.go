package main

import (
	"strconv"
	"strings"
)

// unquote reads "=XX" as the byte XX; anything else stays as it is.
func unquote(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = unquoteOne(arg)
	}
	return out
}

func unquoteOne(arg string) string {
	var b strings.Builder
	for i := 0; i < len(arg); i++ {
		if arg[i] == '=' && i+2 < len(arg) {
			if c, err := strconv.ParseUint(arg[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(arg[i])
	}
	return b.String()
}
