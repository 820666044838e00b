package beneath

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const how = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

// tries bounds how often a call is repeated: whoever holds a lease on his file (see
// fcntl(2)) makes every try fail for as long as he likes.
const tries = 32

// openat2 opens name below d. The kernel may ask for another try while the tree is
// renamed under it (EAGAIN, see openat2(2)).
func (d *Dir) openat2(name string, flag, perm uint64) (int, error) {
	for left := tries; ; left-- {
		fd, err := unix.Openat2(int(d.f.Fd()), name, &unix.OpenHow{
			Flags: flag | unix.O_CLOEXEC, Mode: modeFor(flag, perm), Resolve: how,
		})
		if left > 0 && (errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN)) {
			continue
		}
		return fd, err
	}
}

// modeFor is perm where a file can be made: openat2 refuses a mode elsewhere.
func modeFor(flag, perm uint64) uint64 {
	if flag&unix.O_CREAT != 0 || flag&unix.O_TMPFILE == unix.O_TMPFILE {
		return perm
	}
	return 0
}

// at runs do with the folder that name lies in and its last component, which do must
// not follow.
func (d *Dir) at(op, name string, do func(fd int, base string) error) error {
	name = path.Clean(name)
	base := path.Base(name)
	if base == "." || base == ".." || base == "/" || strings.HasPrefix(name, "/") {
		return fail(op, d.path(name), fs.ErrInvalid)
	}
	parent, err := d.openat2(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return fail(op, d.path(name), err)
	}
	err = do(parent, base)
	return fail(op, d.path(name), errors.Join(err, unix.Close(parent)))
}

func (d *Dir) path(name string) string { return path.Join(d.f.Name(), name) }

// fail keeps the path of the innermost failure, and names links as what they are.
func fail(op, name string, err error) error {
	var inner *fs.PathError
	if err == nil || errors.As(err, &inner) {
		return err
	}
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EXDEV) {
		err = fmt.Errorf("%w: %w", ErrLink, err)
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func sortByName(entries []fs.DirEntry) {
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
}
