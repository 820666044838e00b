package pack

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/internal/beneath"
)

// IgnoreFile names what of a folder does not belong in its package, in the form of
// .gitignore: one pattern per line, '#' comments, '!' takes back, a '/' at the end
// means folders, a '/' elsewhere anchors to the top, '**' crosses folders.
const IgnoreFile = ".nexushubignore"

// always is ignored without being asked for.
var always = []string{".git/", ".hg/", ".svn/", ".DS_Store", "/" + IgnoreFile}

type pattern struct {
	parts    []string // between slashes
	negated  bool
	dirOnly  bool
	anchored bool
}

// ignore is a list of patterns; the last that matches decides.
type ignore []pattern

func readIgnore(dir string, more ...string) (ignore, error) {
	var list ignore
	for _, line := range append(always[:len(always):len(always)], more...) {
		p, _, err := parsePattern(line)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	f, _, err := beneath.Named(filepath.Join(dir, IgnoreFile))
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		p, ok, err := parsePattern(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q: %w", f.Name(), n, lines.Text(), err)
		}
		if ok {
			list = append(list, p)
		}
	}
	return list, lines.Err()
}

func parsePattern(line string) (p pattern, ok bool, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return p, false, nil
	}
	line, p.negated = strings.CutPrefix(line, "!")
	line, p.dirOnly = strings.CutSuffix(line, "/")
	p.anchored = strings.Contains(line, "/")
	p.parts = strings.Split(strings.TrimPrefix(line, "/"), "/")
	for _, part := range p.parts {
		if _, err := path.Match(part, ""); err != nil {
			return p, false, err
		}
	}
	return p, true, nil
}

// match says whether a path, relative to the top and with '/', stays out.
func (list ignore) match(name string, dir bool) bool {
	out := false
	parts := strings.Split(name, "/")
	for _, p := range list {
		if p.match(parts, dir) {
			out = !p.negated
		}
	}
	return out
}

func (p pattern) match(parts []string, dir bool) bool {
	if p.dirOnly && !dir {
		return false
	}
	if p.anchored {
		return matchParts(p.parts, parts)
	}
	return matchParts(p.parts, parts[len(parts)-1:])
}

func matchParts(pattern, parts []string) bool {
	switch {
	case len(pattern) == 0:
		return len(parts) == 0
	case pattern[0] == "**" && len(pattern) == 1:
		return len(parts) > 0
	case pattern[0] == "**":
		for i := range len(parts) {
			if matchParts(pattern[1:], parts[i:]) {
				return true
			}
		}
		return false
	case len(parts) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], parts[0])
	return ok && err == nil && matchParts(pattern[1:], parts[1:])
}
