package release

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// tree is the folder that an archive would become. It finds the entries that could
// not all exist on every file system, or that one entry would write through another.
type tree struct {
	nodes  map[string]*node  // by exact path without trailing slash
	folded map[string]string // lower-case path -> exact path
}

type node struct {
	kind    fs.FileMode // 0, ModeDir, ModeSymlink, or something refused
	implied bool        // a parent without an entry of its own
}

func newTree() *tree {
	return &tree{nodes: map[string]*node{}, folded: map[string]string{}}
}

// has reports whether a regular file or a link has this name.
func (t *tree) has(name string) bool {
	n := t.nodes[name]
	return n != nil && !n.kind.IsDir()
}

// add enters one entry by its name as the archive spells it.
func (t *tree) add(name string, kind fs.FileMode) error {
	if err := checkName(name); err != nil {
		return err
	}
	clean := strings.TrimSuffix(name, "/")
	if err := t.addParents(clean); err != nil {
		return err
	}
	if old := t.nodes[clean]; old != nil {
		if old.implied && kind.IsDir() {
			old.implied = false
			return nil
		}
		return errors.New("appears more than once")
	}
	return t.put(clean, &node{kind: kind})
}

func (t *tree) addParents(clean string) error {
	for i, c := range clean {
		if c != '/' {
			continue
		}
		parent := clean[:i]
		if n := t.nodes[parent]; n == nil {
			if err := t.put(parent, &node{kind: fs.ModeDir, implied: true}); err != nil {
				return err
			}
		} else if !n.kind.IsDir() {
			return fmt.Errorf("lies below %s, which is not a folder", printable(parent))
		}
	}
	return nil
}

func (t *tree) put(clean string, n *node) error {
	fold := strings.ToLower(clean)
	if other, ok := t.folded[fold]; ok {
		return fmt.Errorf("differs from %s in upper and lower case only", printable(other))
	}
	t.nodes[clean], t.folded[fold] = n, clean
	return nil
}

// checkName refuses every name that is not a plain relative path.
func checkName(name string) error {
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
	case strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return errors.New("name contains control characters")
	case len(name) > 1024:
		return errors.New("path is longer than 1024 bytes")
	}
	return checkParts(strings.TrimSuffix(name, "/"))
}

func checkParts(clean string) error {
	for part := range strings.SplitSeq(clean, "/") {
		switch {
		case part == "..":
			return errors.New("path contains a \"..\" part")
		case part == "" || part == ".":
			return fmt.Errorf("path is not in its shortest form, which is %s", printable(path.Clean(clean)))
		case len(part) > 255:
			return errors.New("a part of the path is longer than 255 bytes")
		}
	}
	return nil
}
