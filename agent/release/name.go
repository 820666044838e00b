package release

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPart is the kernel's NAME_MAX.
const maxPart = 255

// checkName refuses every name that is not a plain relative path within the limits.
func checkName(name string, l Limits) error {
	switch {
	case name == "" || name == "/":
		return errors.New("has no name")
	case !utf8.ValidString(name):
		return errors.New("name is not UTF-8")
	case strings.HasPrefix(name, "/"):
		return errors.New("path is absolute")
	case len(name) > 1 && name[1] == ':':
		return errors.New("path has a drive letter")
	case strings.Contains(name, `\`):
		return errors.New(`name contains a backslash`)
	case strings.ContainsFunc(name, unseen):
		return errors.New("name contains control characters or such as change the direction of text")
	case len(name) > l.MaxPath:
		return fmt.Errorf("path is longer than %d bytes (package.max_path)", l.MaxPath)
	case strings.Count(strings.TrimSuffix(name, "/"), "/") >= l.MaxDepth:
		return fmt.Errorf("path has more than %d parts (package.max_depth)", l.MaxDepth)
	}
	return checkParts(strings.TrimSuffix(name, "/"))
}

// unseen characters make a name that reads as another, or as a command to a terminal.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func checkParts(clean string) error {
	for part := range strings.SplitSeq(clean, "/") {
		switch {
		case part == "..":
			return errors.New("path contains a \"..\" part")
		case part == "" || part == ".":
			return fmt.Errorf("path is not in its shortest form, which is %s", printable(path.Clean(clean)))
		case len(part) > maxPart:
			return fmt.Errorf("a part of the path is longer than %d bytes", maxPart)
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return errors.New("a part of the path ends with a dot or a space, which other systems leave out")
		}
	}
	return nil
}
