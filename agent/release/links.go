package release

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxHops is what the kernel follows before ELOOP.
const maxHops = 40

var errLeaves = errors.New("link leads out of the package")

// readLinks reads every link's target and refuses those that leave the tree, also
// by way of other links.
func (a *archive) readLinks() {
	for _, f := range a.files {
		if f.Mode().Type() != fs.ModeSymlink {
			continue
		}
		target, err := readAll(f, 4096)
		switch {
		case err != nil:
			a.faults.add(f.Name, "link cannot be read: %v", err)
		case len(target) == 0 || strings.ContainsRune(string(target), 0):
			a.faults.add(f.Name, "link has no valid target")
		default:
			a.links[strings.TrimSuffix(f.Name, "/")] = string(target)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.links)) {
		target := a.links[name]
		if err := a.follow(path.Dir(name), target, 0); err != nil {
			a.faults.add(name, "%v (to %s)", err, printable(target))
		}
	}
}

// follow walks target from folder dir as the kernel would. A target that does not
// exist is harmless; one that passes above the root, even on the way, is not.
func (a *archive) follow(dir, target string, hops int) error {
	_, err := a.walk(split(dir), target, &hops)
	return err
}

func (a *archive) walk(at []string, target string, hops *int) ([]string, error) {
	if *hops++; *hops > maxHops {
		return nil, errors.New("link runs in a circle or through too many links")
	}
	if path.IsAbs(target) {
		return nil, errLeaves
	}
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if len(at) == 0 {
				return nil, errLeaves
			}
			at = at[:len(at)-1]
		default:
			here := append(at[:len(at):len(at)], part)
			next, isLink := a.links[strings.Join(here, "/")]
			if !isLink {
				at = here
				continue
			}
			var err error
			if at, err = a.walk(at, next, hops); err != nil {
				return nil, err
			}
		}
	}
	return at, nil
}

func split(dir string) []string {
	if dir == "." || dir == "" {
		return nil
	}
	return strings.Split(dir, "/")
}
