package journal

import (
	"fmt"
	"strings"
	"unicode"
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

// Plain makes text that a terminal can show: control characters, which could move the
// cursor or forge other lines, appear as \xNN. Tabs stay; a line break indents what
// follows, so that one entry stays recognisable as one.
func Plain(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString("\n    ")
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unprintable also counts the characters that reorder text (Cf).
func unprintable(r rune) bool {
	return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}
