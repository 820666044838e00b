package archive

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

// checkOwner refuses an archive unless nobody but root and those who are trusted had a part in the
// archive.
func checkOwner(file string, info fs.FileInfo, trusted []int) error {
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file: %w", file, api.Invalid)
	case ok && int(s.Uid) != os.Geteuid() && s.Uid != 0 && !slices.Contains(trusted, int(s.Uid)):
		return fmt.Errorf("%s belongs to uid %d, who could have put anything into it; if you trust it: %s: %w",
			file, s.Uid, shell.Command("chown root", file), api.Forbidden)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s has mode %04o: others could have put anything into it; if you trust it: %s: %w", file,
			info.Mode().Perm(), shell.Command("chmod 600", file), api.Forbidden)
	}
	return nil
}

// treeOf says which tree a name belongs to, and its name there: empty for the tree
// itself, and for the folder of all applications.
func treeOf(name string) (t tree, rel string, err error) {
	clean := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	for part := range strings.SplitSeq(clean, "/") {
		if part == "" || part == "." || part == ".." {
			return t, "", fmt.Errorf("invalid path %q: %w", name, api.Invalid)
		}
	}
	for _, t := range append(slices.Clone(hostTrees), dumps) {
		if clean == t.path() {
			return t, "", nil
		}
		if rel, ok := strings.CutPrefix(clean, t.path()+"/"); ok {
			return t, rel, nil
		}
	}
	if clean == apps {
		return appTree(""), "", nil
	}
	if rest, ok := strings.CutPrefix(clean, apps+"/"); ok {
		id, rel, _ := strings.Cut(rest, "/")
		return appTree(id), rel, nil
	}
	return t, "", fmt.Errorf("%q does not belong in a backup: %w", name, api.Invalid)
}

// validate refuses an entry that no backup has. That nothing comes twice, and that every
// folder is one and comes before what is in it, shows when the fresh tree is made.
func validate(e entry) (t tree, rel string, err error) {
	if t, rel, err = treeOf(e.Name); err != nil {
		return t, rel, err
	}
	switch e.Typeflag {
	case tar.TypeDir, tar.TypeReg, tar.TypeGNUSparse:
	case tar.TypeSymlink:
		if e.Linkname == "" {
			err = fmt.Errorf("%q is a link without a target: %w", e.Name, api.Invalid)
		}
	case tar.TypeLink:
		err = validateHardLink(e, t)
	default:
		err = fmt.Errorf("%q is neither a file nor a folder nor a link: %w", e.Name, api.Invalid)
	}
	switch {
	case err != nil:
	case rel == "" && e.Typeflag != tar.TypeDir:
		err = fmt.Errorf("%q is not a folder: %w", e.Name, api.Invalid)
	case e.Typeflag != tar.TypeDir && e.Mode&0o6000 != 0:
		err = fmt.Errorf("%q has a setuid or setgid bit: %w", e.Name, api.Invalid)
	case len(e.Name) > maxName+1:
		err = fmt.Errorf("%q is nested too deeply: %w", path.Base(e.Name), api.Invalid)
	}
	return t, rel, err
}

// validateHardLink takes them within one application: elsewhere we make none.
func validateHardLink(e entry, t tree) error {
	to, rel, err := treeOf(e.Linkname)
	if err == nil && (t.owner != application || to != t || rel == "") {
		err = fmt.Errorf("%q is a hard link to %q: %w", e.Name, e.Linkname, api.Invalid)
	}
	return err
}

// cost is what entries need of a file system.
type cost struct{ bytes, nodes int64 }

func (c cost) plus(e entry) cost {
	return cost{c.bytes + (e.stored()+4095)&^4095, c.nodes + 1}
}
