// Package hostname parses the host names that arrive in configuration, in requests
// and in certificates into one canonical form: lower case, no port, no trailing dot.
package hostname

import (
	"fmt"
	"net"
	"strings"
	"unicode"
)

// Parse returns the canonical form of s. A port is ignored.
// Labels follow RFC 1123 with '_' allowed; an IP address is not a host name. Only ASCII is
// accepted, as DNS and clients have it; ParseName also accepts other letters.
func Parse(s string) (string, error) {
	h := s
	if i := strings.LastIndexByte(h, ':'); i >= 0 {
		if !isPort(h[i+1:]) {
			return "", fmt.Errorf("host name %q: port is not a number from 1 to 65535", s)
		}
		h = h[:i]
	}
	h = lower(strings.TrimSuffix(h, "."))
	if h == "" || len(h) > 253 {
		return "", fmt.Errorf("host name %q: must have 1 to 253 characters", s)
	}
	if net.ParseIP(h) != nil || endsInNumber(h) {
		return "", fmt.Errorf("host name %q: is an IP address, not a host name", s)
	}
	for _, label := range strings.Split(h, ".") {
		if err := checkLabel(label); err != nil {
			return "", &refused{s, err}
		}
	}
	return h, nil
}

// refused is the error for a name with characters that it must not have. What DNS has for
// them is looked up when somebody reads it: strangers send such names all the time.
type refused struct {
	name string
	err  error
}

func (r *refused) Error() string {
	text := fmt.Sprintf("host name %q: %v", r.name, r.err)
	if isASCII(r.name) {
		return text
	}
	ascii, err := ParseName(r.name)
	if err != nil {
		return text + ", " + strings.TrimPrefix(err.Error(), fmt.Sprintf("host name %q: ", r.name))
	}
	return text + "; write " + ascii
}

func (r *refused) Unwrap() error { return r.err }

// Slug turns a host name, and a path prefix if there is one, into a word for unit names and logs:
// the domain is cut off, dots and slashes become dashes, at most 40 characters.
func Slug(host, domain, prefix string) string {
	h := strings.TrimSuffix(host, "."+domain) + prefix
	h = strings.NewReplacer(".", "-", "_", "-", "/", "-", "~", "-").Replace(h)
	if len(h) > 40 {
		h = h[:40]
	}
	return strings.Trim(h, "-")
}

// Label makes one part of a host name of any text.
func Label(text string) string {
	label := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '-'
	}, text)
	label = strings.Join(strings.FieldsFunc(label, func(r rune) bool { return r == '-' }), "-")
	if len(label) > 40 {
		label = strings.Trim(label[:40], "-")
	}
	if label == "" {
		return "app"
	}
	return label
}

// lower knows ASCII alone: other letters, such as the Kelvin sign, have no lower case here
// and are refused.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// endsInNumber says whether browsers take the name for an IPv4 address: 127.1, 0x7f000001.
func endsInNumber(h string) bool {
	last := h[strings.LastIndexByte(h, '.')+1:]
	digits := "0123456789"
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		last, digits = hex, "0123456789abcdef"
	}
	return strings.Trim(last, digits) == ""
}

func isPort(p string) bool {
	if p == "" || len(p) > 5 {
		return false
	}
	n := 0
	for _, c := range p {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n >= 1 && n <= 65535
}

func checkLabel(l string) error {
	if l == "" || len(l) > 63 {
		return fmt.Errorf("each part between dots must have 1 to 63 characters")
	}
	if l[0] == '-' || l[len(l)-1] == '-' {
		return fmt.Errorf("part %q must not begin or end with '-'", l)
	}
	for _, c := range l {
		ok := c == '-' || c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
		if !ok {
			return fmt.Errorf("character %q is not allowed", c)
		}
	}
	return nil
}
