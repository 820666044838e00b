// Package shell writes command lines that people paste into one: of words that come from
// somebody else, each is one word again, and shows nothing that a terminal would obey.
package shell

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nexushub/nexushub/internal/termtext"
)

// Command is a line that is suggested to somebody: the command with its options as they are, then
// the operands, quoted. "--" stands before operands of which one looks like an option.
func Command(command string, operands ...string) string {
	words := []string{command}
	for _, o := range operands {
		if strings.HasPrefix(o, "-") {
			words = append(words, "--")
			break
		}
	}
	for _, o := range operands {
		words = append(words, Quote(o))
	}
	return strings.Join(words, " ")
}

// Lines is an argv, one option per line.
func Lines(argv []string) string {
	var b strings.Builder
	for i, arg := range argv {
		switch {
		case i == 0:
		case strings.HasPrefix(arg, "--"):
			b.WriteString(" \\\n    ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(Quote(arg))
	}
	return b.String()
}

// Quote makes one word of s. What needs no quotes gets none.
func Quote(s string) string {
	switch {
	case s != "" && strings.IndexFunc(s, func(r rune) bool { return !bare(r) }) < 0:
		return s
	case termtext.Text(s) != s || !utf8.ValidString(s):
		return quoteBytes(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func bare(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@,+%", r)
}

// quoteBytes is for text that a terminal must not show as it is: $'...', which bash and
// POSIX of 2024 read back.
func quoteBytes(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString("\\" + string(rune(c)))
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return "$'" + b.String() + "'"
}
