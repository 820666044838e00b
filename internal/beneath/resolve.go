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

// tries bounds how often a call is repeated: whoever holds a lease on his file (see
// fcntl(2)) makes every try fail for as long as he likes.
const tries = 32

// open opens name below d, part by part, each without following a link. openat2(2)
// would do it in one call, but RestrictSUIDSGID= of a unit takes it away (ENOSYS).
func (d *Dir) open(name string, flag int, perm uint32) (int, error) {
	name = path.Clean(name)
	if strings.HasPrefix(name, "/") || name == ".." || strings.HasPrefix(name, "../") {
		return -1, unix.EXDEV
	}
	return openParts(int(d.f.Fd()), name, flag, perm)
}

// openParts opens a clean relative name. Without ".." in it and without links, no part
// can lie outside of the one before, wherever that is moved meanwhile.
func openParts(dir int, name string, flag int, perm uint32) (int, error) {
	at, first, rest := dir, "", name
	for {
		var more bool
		if first, rest, more = strings.Cut(rest, "/"); !more {
			break
		}
		next, err := openPart(at, first, unix.O_PATH|unix.O_DIRECTORY, 0)
		err = denied(at, true, err)
		if at != dir {
			err = errors.Join(err, unix.Close(at))
		}
		if err != nil {
			return -1, err
		}
		at = next
	}
	fd, err := openPart(at, first, flag, perm)
	if flag&unix.O_PATH != 0 {
		err = denied(at, true, err) // nothing is asked of what is opened itself
	}
	if at != dir {
		err = errors.Join(err, unix.Close(at))
	}
	return fd, err
}

// openPart opens one name in a folder; ELOOP if it is a link.
func openPart(dir int, part string, flag int, perm uint32) (fd int, err error) {
	for range tries {
		fd, err = unix.Openat(dir, part, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC, perm)
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	if errors.Is(err, unix.ENOTDIR) && isLink(dir, part) {
		err = unix.ELOOP // O_DIRECTORY is looked at first
	}
	return fd, err
}

func isLink(dir int, name string) bool {
	var st unix.Stat_t
	err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
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
	parent, err := d.open(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
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
