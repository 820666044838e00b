package beneath

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const how = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

// tries bounds how often a call is repeated: whoever holds a lease on his file (see
// fcntl(2)) makes every try fail for as long as he likes.
const tries = 32

// openat2 opens name below d.
func (d *Dir) openat2(name string, flag, perm uint64) (int, error) {
	return openHow(int(d.f.Fd()), name, flag, perm, how)
}

// openHow opens as openat2(2) does. The kernel may ask for another try while the tree
// is renamed under it (EAGAIN).
func openHow(dir int, name string, flag, perm, resolve uint64) (fd int, err error) {
	for range tries {
		fd, err = unix.Openat2(dir, name, &unix.OpenHow{
			Flags: flag | unix.O_CLOEXEC, Mode: modeFor(flag, perm), Resolve: resolve,
		})
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	return fd, err
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
	if base == name {
		return d.failed(op, name, do(int(d.f.Fd()), base))
	}
	parent, err := d.openat2(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return d.failed(op, name, err)
	}
	return d.failed(op, name, errors.Join(do(parent, base), unix.Close(parent)))
}

// failed spares the name where nothing has failed.
func (d *Dir) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return fail(op, d.path(name), err)
}

// readlink reads the link base in the folder fd, or with no base the link fd itself.
func readlink(fd int, base string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, base, buffer)
	if err != nil {
		return "", err
	}
	return string(buffer[:n]), nil
}

func owner(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

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
