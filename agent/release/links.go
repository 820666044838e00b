package release

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxHops is what the kernel follows before ELOOP.
const maxHops = 40

var (
	errLeaves = errors.New("link leads out of the package")
	errCircle = errors.New("link runs in a circle or through too many links")
)

// target is where a link leads, worked out once: thousands of links through each other
// would cost minutes otherwise.
type target struct {
	text  string
	end   place
	hops  int // links on the way, its own included
	err   error
	known bool
}

// readLinks reads every link's target and refuses those that leave the tree, also
// by way of other links. All texts together are bounded like all names, because to
// follow them costs as much as they are long.
func (a *archive) readLinks(ctx context.Context) {
	texts := int64(0)
	for _, f := range a.files {
		if f.Mode().Type() != fs.ModeSymlink {
			continue
		}
		text, err := readAll(f, 4096)
		if texts += int64(len(text)); texts > a.limits.MaxNames {
			a.faults.add("", "links lead to paths of more than %d bytes together (package.max_names)", a.limits.MaxNames)
			a.bounded = false
			return
		}
		switch {
		case err != nil:
			a.faults.add(f.Name, "link cannot be read: %v", err)
		case len(text) == 0 || strings.ContainsRune(string(text), 0):
			a.faults.add(f.Name, "link has no valid target")
		default:
			a.links[f.Name] = &target{text: string(text)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.links)) {
		if ctx.Err() != nil {
			return
		}
		if t := a.follow(name); t.err != nil {
			a.faults.add(name, "%v (to %s)", t.err, printable(t.text))
		}
	}
}

// follow walks the link's target from its folder as the kernel would. A target that does
// not exist is harmless; one that passes above the root, even on the way, is not.
func (a *archive) follow(name string) *target {
	t := a.links[name]
	if t.known {
		return t
	}
	t.known, t.err = true, errCircle // until it is worked out, it meets itself
	end, hops, err := a.walk(place{at: split(path.Dir(name))}, t.text)
	if hops++; err == nil && hops > maxHops {
		err = errCircle
	}
	t.end, t.hops, t.err = end, hops, err
	return t
}

// place is a position in the tree, or so many parts behind a name that is not in it.
type place struct {
	at      []string
	missing int
}

// walk goes from p along text. Behind a name that is not in the tree are no links, and
// the kernel does not go on: only leaving the tree is looked for there.
func (a *archive) walk(p place, text string) (end place, hops int, err error) {
	if path.IsAbs(text) {
		return p, 0, errLeaves
	}
	for part := range strings.SplitSeq(text, "/") {
		switch {
		case part == "" || part == ".":
		case part == ".." && p.missing > 0:
			p.missing--
		case part == ".." && len(p.at) == 0:
			return p, hops, errLeaves
		case part == "..":
			p.at = p.at[:len(p.at)-1]
		case p.missing > 0:
			p.missing++
		default:
			n := 0
			if p, n, err = a.step(p, part); err != nil {
				return p, hops, err
			}
			hops += n
		}
	}
	return p, hops, nil
}

// step enters one name, or what it links to.
func (a *archive) step(p place, part string) (next place, hops int, err error) {
	here := append(p.at[:len(p.at):len(p.at)], part)
	name := strings.Join(here, "/")
	switch {
	case a.links[name] != nil:
		t := a.follow(name)
		return t.end, t.hops, t.err
	case a.tree.nodes[name] == nil:
		return place{p.at, 1}, 0, nil
	}
	return place{at: here}, 0, nil
}

func split(dir string) []string {
	if dir == "." || dir == "" {
		return nil
	}
	return strings.Split(dir, "/")
}
