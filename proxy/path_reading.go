package proxy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// isUnambiguous says that all programs read p alike but for its case: nothing is encoded,
// no segment is empty or begins or ends with a dot, and no byte means anything.
func isUnambiguous(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for i := range len(p) {
		last := i+1 == len(p)
		switch c := p[i]; {
		case c == '/':
			if !last && (p[i+1] == '/' || p[i+1] == '.') {
				return false
			}
		case c == '.':
			if last || p[i+1] == '/' {
				return false
			}
		case (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			strings.IndexByte("-_~!$&'()*,:=@", c) < 0:
			return false
		}
	}
	return true
}

// readLeniently reads p as the most obliging application would: decoded, letters of every form
// as what they stand for, without ;parameters, without dots and spaces around names. What
// applications read differently from each other it refuses, with the words for it:
// what decodes to something that is decoded or cut at again, and segments that vanish.
func readLeniently(p string) (reading, doubt string) {
	p, doubt = decode(p)
	if doubt != "" {
		return "", doubt
	}
	segments := strings.Split(strings.Map(fold, norm.NFKD.String(p)), "/")
	if segments[0] != "" || len(segments) == 1 {
		return "", "no slash at its beginning"
	}
	for i, s := range segments {
		if s == "" && (i == 0 || i == len(segments)-1) {
			continue // before the first slash, behind the last
		}
		if segments[i], doubt = trimSegment(s); doubt != "" {
			return "", doubt
		}
	}
	return strings.Join(segments, "/"), ""
}

// ambiguousEscapes is what applications cut, clean or decode by, so that it must not come out of
// an escape.
var ambiguousEscapes = map[byte]string{
	'/': "an encoded slash (%2F)", '\\': "an encoded backslash (%5C)", '.': "an encoded dot (%2E)",
	';': "an encoded semicolon (%3B)", '%': "an encoded percent sign (%25)",
}

func decode(p string) (decoded, doubt string) {
	var b strings.Builder
	b.Grow(len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\\':
			return "", "a backslash"
		case c <= ' ' || c >= 0x7f:
			return "", "a character that has to be encoded"
		case c == '%':
			if i+2 >= len(p) || !isHex(p[i+1]) || !isHex(p[i+2]) {
				return "", "a percent sign without two hexadecimal digits"
			}
			if c = unhex(p[i+1])<<4 | unhex(p[i+2]); ambiguousEscapes[c] != "" {
				return "", ambiguousEscapes[c]
			}
			i += 2
		}
		b.WriteByte(c)
	}
	switch decoded = b.String(); {
	case !utf8.ValidString(decoded):
		return "", "encoded bytes that are not UTF-8"
	case strings.ContainsFunc(decoded, unicode.IsControl):
		return "", "an encoded control character"
	}
	return decoded, ""
}

func isHex(c byte) bool { return unhex(c) < 16 }

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}

// fold maps letters, of which NFKD has made what they are compatible with (full-width and
// circled ones, the sign of Kelvin), to the lower-case ASCII that some reader takes them
// for; what is invisible goes, accents too.
func fold(r rune) rune {
	switch {
	case r == '\\':
		return '/'
	case r == 'ı':
		return 'i'
	case r < utf8.RuneSelf:
		return unicode.ToLower(r)
	case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point):
		return -1
	}
	return r
}

// trimSegment is a segment's name without what comes behind it, and without white space and
// dots around it, which some applications and file systems drop.
func trimSegment(s string) (name, doubt string) {
	if i := strings.IndexAny(s, ";?#"); i >= 0 {
		s = s[:i]
	}
	name = strings.TrimFunc(s, func(r rune) bool { return r == '.' || r == '+' || unicode.IsSpace(r) })
	switch {
	case name != "" || (s != "" && strings.Trim(s, "+") == ""):
		return name, ""
	case strings.Contains(s, "."):
		return "", "a dot segment (. or ..)"
	}
	return "", "an empty segment (//)"
}
