package journal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// safe makes valid UTF-8 of what an application printed: other bytes appear as \xNN.
func safe(s string, cut int) string {
	if !utf8.ValidString(s) {
		s = escapeInvalid(s)
	}
	if cut > 0 {
		s += fmt.Sprintf(" [%d more bytes]", cut)
	}
	return s
}

func escapeInvalid(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
