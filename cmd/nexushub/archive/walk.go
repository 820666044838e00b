package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/beneath"
)

const (
	// maxName bounds the depth of a tree: what restores it goes by path, for which the
	// kernel takes 4095 bytes.
	maxName = 3800
	// large files are remembered, so that moving them about does not multiply them.
	large = 1 << 20
	// names is how many an owner may add to those that his file system has at the start.
	names = 1_000_000
)

var (
	errDeep = errors.New("is nested too deeply to be restored: left out")
	errMany = errors.New(
		"there are more names than its file system can hold, so they change faster than they can be read: the rest is left out")
	errLarge   = errors.New("exceeds what its file system can hold: left out")
	errChanged = errors.New("changed while it was read")
)

// inode is what a file is, whatever its name.
type inode struct{ dev, ino uint64 }

// walker archives one tree.
type walker struct {
	*writer
	tree tree
	seen map[inode]string // folders, and files that are large or have several names

	bytes, names int64 // that the owner has left
	full         bool
}

// setLimits gives the owner what his file system can hold: no tree is larger, unless it
// changes under our hands.
func (k *walker) setLimits(d *beneath.Dir) error {
	space, err := d.Space()
	if k.bytes, k.names = space.Total, space.Inodes+names; space.Inodes == 0 {
		k.names = 100 * names
	}
	return err
}

// dir archives a folder and all below it.
func (k *walker) dir(d *beneath.Dir, name string) error {
	info, err := d.Stat()
	if err != nil {
		return k.fileError(name, err)
	}
	if first, again := k.alreadyArchived(info, name); again {
		k.addNote(name, "was moved, is archived as "+first, false)
		return nil
	}
	if err := k.header(info, name, ""); err != nil {
		return k.fileError(name, err)
	}
	for !k.full {
		list, err := d.Names(1024)
		for _, base := range list {
			if err := k.entry(d, base, path.Join(name, base)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return k.fileError(name, err)
		}
	}
	return nil
}

func (k *walker) entry(d *beneath.Dir, base, name string) error {
	if err := k.ctx.Err(); err != nil || k.full {
		return err
	}
	if k.names--; k.names < 0 && k.tree.owner != root {
		k.full = true
		return k.fileError(name, errMany)
	}
	if len(name) > maxName {
		return k.fileError(path.Dir(name), errDeep)
	}
	info, err := d.Lstat(base)
	if err != nil {
		return k.fileError(name, err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return k.subdir(d, base, name)
	case mode.IsRegular():
		return k.fileError(name, k.file(d, base, name))
	case mode&fs.ModeSymlink != 0:
		return k.fileError(name, k.link(d, info, base, name))
	case mode&(fs.ModeSocket|fs.ModeNamedPipe) != 0: // made anew by whoever needs them
		return nil
	}
	k.addNote(name, "is a device: left out", true)
	return nil
}

func (k *walker) subdir(d *beneath.Dir, base, name string) error {
	sub, err := d.Dir(base)
	if err != nil {
		return k.fileError(name, err)
	}
	defer sub.Close()
	return k.dir(sub, name)
}

func (k *walker) link(d *beneath.Dir, info fs.FileInfo, base, name string) error {
	target, err := d.Readlink(base)
	if err != nil {
		return err
	}
	return k.header(info, name, target)
}

// alreadyArchived returns the name under which the same folder or file is in the archive
// already.
func (k *walker) alreadyArchived(info fs.FileInfo, name string) (first string, again bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || (!info.IsDir() && s.Nlink < 2 && info.Size() < large) {
		return "", false
	}
	id := inode{s.Dev, s.Ino}
	if first, again = k.seen[id]; !again {
		k.seen[id] = name
	}
	return first, again
}

// linkTo archives a further name of a file that is in the archive: a hard link of the
// application's, or a name that it was moved to meanwhile.
func (k *walker) linkTo(info fs.FileInfo, first, name string) error {
	if s := info.Sys().(*syscall.Stat_t); s.Nlink < 2 {
		k.addNote(name, "was moved, is archived as "+first, false)
		return nil
	}
	head, err := headerOf(info, name, "")
	if err != nil {
		return err
	}
	head.Typeflag, head.Linkname, head.Size = tar.TypeLink, first, 0
	return k.tar.WriteHeader(head)
}

// charge takes n bytes from what the owner has left.
func (k *walker) charge(n int64) error {
	if n > k.bytes && k.tree.owner != root {
		return errLarge
	}
	k.bytes -= n
	return nil
}

// fileError decides whose problem an error is. Only the backup's own comes back.
func (k *walker) fileError(name string, err error) error {
	gone := errors.Is(err, fs.ErrNotExist)
	switch {
	case err == nil || (gone && k.tree.owner == root): // ours are replaced as wholes
		return nil
	case k.ctx.Err() != nil:
		return k.ctx.Err()
	case k.out.err != nil:
		return k.out.err
	case k.tree.owner == root:
		return fmt.Errorf("/%s: %w", name, err)
	}
	k.addNote(name, describe(err), !gone)
	return nil
}

func (k *walker) addNote(name, text string, lost bool) {
	rel := strings.TrimPrefix(strings.TrimPrefix(name, k.tree.path()), "/")
	k.note(Note{Tree: k.tree.label(), Name: rel, Text: text, Lost: lost})
}

// describe leaves out the path of an error, which the note has.
func describe(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "was removed while the backup ran"
	case errors.Is(err, unix.EAGAIN):
		return "is leased by its owner (see fcntl(2)): left out"
	case errors.Is(err, beneath.ErrLink),
		errors.Is(err, fs.ErrInvalid),
		errors.Is(err, unix.EINVAL),
		errors.Is(err, unix.ENOTDIR),
		errors.Is(err, unix.ENXIO):
		return "was replaced while it was read: left out"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}
