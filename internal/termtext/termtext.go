// Package termtext keeps text harmless that comes from somebody else and is shown to people:
// no character in it moves the cursor, reorders what is beside it or cannot be seen.
// Names with such characters are refused where they come in ([CheckName]); whatever else is
// shown has them replaced ([Text], [JSON]); a log keeps its colours ([Coloured]).
package termtext

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckName says why s must not be a name; nil: it may.
func CheckName(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("must be valid UTF-8")
	}
	before := ' '
	for _, r := range s {
		was := before
		switch before = r; {
		case unicode.IsSymbol(was) && (r == '\u200d' || r == '\ufe0e' || r == '\ufe0f'), was == '\ufe0f' && r == '\u200d':
			// of an emoji, which it changes visibly
		case unicode.IsControl(r):
			return fmt.Errorf("must not contain control characters (%U)", r)
		case unsafe(r) || invisible(r):
			return fmt.Errorf("must not contain characters that reorder text or cannot be seen (%U)", r)
		}
	}
	return nil
}

// Text makes text that a terminal can show: what is unsafe appears as \xNN or \uNNNN.
// Tabs stay; a line break indents what follows, so that a text stays recognisable as one.
func Text(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString("\n    ")
		case !unsafe(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// JSON escapes in a JSON document what is unsafe. It says the same to every parser:
// such characters stand in strings alone.
func JSON(doc []byte) []byte {
	loud := func(r rune) bool { return r >= 0x7f && unsafe(r) }
	if bytes.IndexFunc(doc, loud) < 0 {
		return doc
	}
	var b bytes.Buffer
	for _, r := range string(doc) {
		switch {
		case !loud(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.Bytes()
}

// unsafe characters are control characters, those that reorder text, those that have no
// width, and breaks of lines and paragraphs. The joiners of letters and of emoji are not:
// ordinary text needs them.
func unsafe(r rune) bool {
	switch r {
	case '\t', '\u200c', '\u200d':
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

// invisible characters make two names look like one.
func invisible(r rune) bool {
	return r == '\u200c' || r == '\u200d' || r == '\u2800' || r == utf8.RuneError ||
		r != ' ' && unicode.Is(unicode.Zs, r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
