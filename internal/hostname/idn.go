package hostname

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ParseName is Parse for a name that somebody has written by hand: letters beyond ASCII
// become what DNS has for them (IDNA: "bücher.example" is xn--bcher-kva.example). Names
// that are invalid there, and names in letters that pass for others, are refused.
func ParseName(s string) (string, error) {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i:]
	}
	ascii, err := toASCII(host)
	if err != nil {
		return "", fmt.Errorf("host name %q: %w", s, err)
	}
	return Parse(ascii + port)
}

// ASCII is the form in which DNS has a name; s itself where it is no such name.
func ASCII(s string) string {
	if isASCII(s) {
		return s
	}
	if h, err := ParseName(s); err == nil {
		return h
	}
	return s
}

// CheckLetters refuses a canonical name that browsers may show in letters which pass for
// others, or that is not valid in DNS: for names that come from people who are not trusted.
func CheckLetters(host string) error {
	for label := range strings.SplitSeq(host, ".") {
		if !strings.HasPrefix(label, "xn--") {
			continue
		}
		text, err := idna.Lookup.ToUnicode(label)
		if err != nil {
			return fmt.Errorf("host name %q: %w", host, invalidPart(label, err))
		}
		if err := confusable(text); err != nil {
			return fmt.Errorf("host name %q: %w", host, err)
		}
	}
	return nil
}

// dots are what people type between the parts (UTS #46).
const dots = ".\u3002\uff0e\uff61"

func toASCII(host string) (string, error) {
	if isASCII(host) && !strings.Contains(lower(host), "xn--") {
		return host, nil
	}
	var parts []string
	for _, label := range splitDots(host) {
		ascii, err := labelToASCII(label)
		if err != nil {
			return "", err
		}
		parts = append(parts, ascii)
	}
	return strings.Join(parts, "."), nil
}

func splitDots(host string) []string {
	return strings.Split(strings.Map(func(r rune) rune {
		if strings.ContainsRune(dots, r) {
			return '.'
		}
		return r
	}, host), ".")
}

// labelToASCII leaves ASCII as it is: what it may hold is for Parse to say.
func labelToASCII(label string) (string, error) {
	encoded := strings.HasPrefix(lower(label), "xn--")
	if isASCII(label) && !encoded {
		return label, nil
	}
	ascii, err := idna.Lookup.ToASCII(label)
	if err != nil {
		return "", invalidPart(label, err)
	}
	text, err := idna.Lookup.ToUnicode(ascii)
	if err != nil || encoded && ascii != lower(label) {
		return "", invalidPart(label, err)
	}
	if encoded {
		return ascii, nil // who writes this knows which letters it stands for
	}
	return ascii, confusable(text)
}

func invalidPart(label string, err error) error {
	if err == nil {
		return fmt.Errorf("part %q is not valid in an international name", label)
	}
	return fmt.Errorf("part %q is not valid in an international name (%w)", label, err)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// together are the scripts that one word may be written in, besides one alone (UTS #39,
// "highly restrictive").
var together = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
}

// lookalikes are letters that pass for Latin ones.
const lookalikes = "асԁеһіјӏорԛѕԝхуъьҽпгѵѡвкмнт" + "αικνρυωηοτεχγ"

// confusable refuses a part that mixes scripts, or that is Cyrillic or Greek and can be
// read as Latin from the first letter to the last.
func confusable(label string) error {
	var scripts []string
	latin := true
	for _, r := range label {
		name := scriptOf(r)
		if name != "" && !slices.Contains(scripts, name) {
			scripts = append(scripts, name)
		}
		latin = latin && (name == "" || strings.ContainsRune(lookalikes, r))
	}
	mixed := len(scripts) > 1 && !slices.ContainsFunc(together, func(set []string) bool {
		return !slices.ContainsFunc(scripts, func(s string) bool { return !slices.Contains(set, s) })
	})
	switch {
	case mixed:
		return fmt.Errorf("part %q mixes %s letters, which pass for others", label, strings.Join(scripts, " and "))
	case latin && len(scripts) == 1 && scripts[0] != "Latin":
		return fmt.Errorf("part %q is in %s letters that all pass for Latin ones", label, scripts[0])
	}
	return nil
}

// scriptOf is empty for what belongs to no script or to all.
func scriptOf(r rune) string {
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}
