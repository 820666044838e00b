package release

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// tree is the folder that an archive would become. It finds the entries that could
// not all exist on every file system, or that one entry would write through another.
// It counts what will exist, whether an entry says so or only a path.
type tree struct {
	limits Limits
	nodes  map[string]*node  // by exact path without trailing slash
	folded map[string]string // lower-case path -> exact path
	names  int64             // bytes of all paths
}

// errTooMuch says that a limit on the whole tree is passed; nothing more is added then.
var errTooMuch = errors.New("too large")

type node struct {
	kind fs.FileMode // 0, ModeDir, ModeSymlink, or something refused
}

func newTree(l Limits) *tree {
	return &tree{limits: l, nodes: map[string]*node{}, folded: map[string]string{}}
}

// add enters one entry by its name as the archive spells it.
func (t *tree) add(name string, kind fs.FileMode) error {
	if err := checkName(name, t.limits); err != nil {
		return err
	}
	clean := strings.TrimSuffix(name, "/")
	if err := t.addParents(clean); err != nil {
		return err
	}
	if old := t.nodes[clean]; old != nil {
		if old.kind.IsDir() && kind.IsDir() { // implied by a path, or listed twice
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
			if err := t.put(parent, &node{kind: fs.ModeDir}); err != nil {
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
	t.names += int64(len(clean))
	return t.within()
}

// within counts what will exist, not what is listed: an entry with a path of a hundred
// folders makes a hundred folders.
func (t *tree) within() error {
	if most := t.limits.MaxEntries; len(t.nodes) > most {
		return fmt.Errorf("%w: more files, folders and links, with the folders that paths imply, than the limit of %d (package.max_entries)", errTooMuch, most)
	}
	if most := t.limits.MaxNames; t.names > most {
		return fmt.Errorf("%w: paths of more than %d bytes together (package.max_names)", errTooMuch, most)
	}
	return nil
}
