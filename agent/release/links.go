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
	errServed = errors.New("link leads out of the package, where the proxy follows none")
	errCircle = errors.New("link runs in a circle or through too many links")
)

// hostRoot is the only folder that links may lead to out of the package, by an absolute
// path, as in a Python environment: nobody but root can write there, every application
// sees it, and could open the path itself. Nothing that reads a release as another user
// than the application follows such a link ([beneath.Dir.Inside]).
const hostRoot = "/usr"

// target is where a link leads, worked out once: thousands of links through each other
// would cost minutes otherwise.
type target struct {
	text  string
	end   place
	hops  int // links on the way, its own included
	err   error
	known bool
}

// readLinks reads every link's target and refuses those that leave the tree for anything
// but the host's programs, also by way of other links. All texts together are bounded like all names, because to
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
		a.checkLink(name, a.follow(name))
	}
}

func (a *archive) checkLink(name string, t *target) {
	switch {
	case errors.Is(t.err, errLeaves):
		a.faults.add(name, "%v (to %s): pack what it leads to, or let it lead to an absolute path below %s "+
			"(a Python environment does if /usr/bin/python3 -m venv made it)", t.err, printable(t.text), hostRoot)
	case t.err != nil:
		a.faults.add(name, "%v (to %s)", t.err, printable(t.text))
	}
}

// checkServed refuses links out of a folder that the proxy serves: they would be missing.
func (a *archive) checkServed(top string) {
	served := a.resolved(top)
	if served == "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.links)) {
		if t := a.links[name]; t.end.host && strings.HasPrefix(name, served+"/") {
			a.faults.add(name, "%v (to %s): pack what it leads to", errServed, printable(t.text))
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

// place is a position in the tree, or so many parts behind a name that is not in it, or
// somewhere below hostRoot.
type place struct {
	at      []string
	missing int
	host    bool
}

// walk goes from p along text. Behind a name that is not in the tree are no links, and
// the kernel does not go on: only leaving the tree is looked for there.
func (a *archive) walk(p place, text string) (end place, hops int, err error) {
	if path.IsAbs(text) {
		return place{host: true}, 0, checkHost(text)
	}
	for part := range strings.SplitSeq(text, "/") {
		switch {
		case part == "" || part == ".":
		case p.host && part == "..": // its links are not known here
			return p, hops, errLeaves
		case p.host:
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
		return place{at: p.at, missing: 1}, 0, nil
	}
	return place{at: here}, 0, nil
}

// checkHost refuses what is not below hostRoot, or could leave it again.
func checkHost(text string) error {
	if text != hostRoot && !strings.HasPrefix(text, hostRoot+"/") || slices.Contains(strings.Split(text, "/"), "..") {
		return errLeaves
	}
	return nil
}

func split(dir string) []string {
	if dir == "." || dir == "" {
		return nil
	}
	return strings.Split(dir, "/")
}
