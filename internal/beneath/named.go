package beneath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is what the kernel follows before ELOOP.
const maxLinks = 40

// Named opens, for reading, the file or folder at a path that an operator has written
// down, and whose last parts may be another user's. Links are followed as far as they
// give nobody more than he has: who owns a link must own what it leads to, root's and the
// caller's own links excepted. Else it is an error that wraps [ErrLink]. What is neither a regular file nor
// a folder is never opened: [fs.ErrInvalid].
func Named(name string) (*os.File, fs.FileInfo, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, nil, err
	}
	w := walk{at: unix.AT_FDCWD}
	err = w.all(name)
	if w.at != unix.AT_FDCWD {
		defer unix.Close(w.at)
	}
	if err != nil {
		return nil, nil, fail("open", name, err)
	}
	f, info, err := reopen(w.at, name)
	if err != nil {
		return nil, nil, fail("open", name, err)
	}
	if err := w.allowed(info); err != nil {
		return nil, nil, errors.Join(fail("open", name, err), f.Close())
	}
	return f, info, nil
}

// Folder opens a folder as [Named] does.
func Folder(name string) (*Dir, error) {
	f, info, err := Named(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.Join(fail("open", name, unix.ENOTDIR), f.Close())
	}
	return Of(f), nil
}

// Of makes a Dir of an open folder and takes it over.
func Of(f *os.File) *Dir { return &Dir{f} }

// walk goes a path part by part, following links by itself.
type walk struct {
	at     int      // O_PATH descriptor of where it stands
	links  int      // followed so far
	owners []uint32 // of links that are neither root's nor ours
}

func (w *walk) all(name string) error {
	if strings.HasPrefix(name, "/") {
		if err := w.step("/"); err != nil {
			return err
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		if err := w.part(part); err != nil {
			return err
		}
	}
	return nil
}

// part follows part if it is a link, and stands on it otherwise.
func (w *walk) part(part string) error {
	fd, err := unix.Openat(w.at, part, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return w.stand(fd)
	}
	target := ""
	if err == nil {
		target, err = readlink(fd, "")
	}
	if err := errors.Join(err, unix.Close(fd)); err != nil {
		return err
	}
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	if st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		w.owners = append(w.owners, st.Uid)
	}
	return w.all(target)
}

func (w *walk) step(name string) error {
	fd, err := unix.Openat(w.at, name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return w.stand(fd)
}

func (w *walk) stand(fd int) error {
	old := w.at
	if w.at = fd; old == unix.AT_FDCWD {
		return nil
	}
	return unix.Close(old)
}

// allowed says whether every owner of a link owns its end.
func (w *walk) allowed(end fs.FileInfo) error {
	owner := owner(end)
	for _, uid := range w.owners {
		if uid != owner {
			return fmt.Errorf("%w: user %d owns it, user %d what it leads to; name the real path, or let root own the link", ErrLink, uid, owner)
		}
	}
	return nil
}

// Regular opens a regular file for reading, wherever links lead to, and never opens
// anything else, not even for a moment: to open a FIFO may wait, to open a device may
// do something. What is read must not be given to anybody.
func Regular(name string) (*os.File, fs.FileInfo, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fail("open", name, err)
	}
	defer unix.Close(fd)
	f, info, err := reopen(fd, name)
	if err == nil && info.IsDir() {
		err = errors.Join(errNotRegular, f.Close())
	}
	if err != nil {
		return nil, nil, fail("open", name, err)
	}
	return f, info, nil
}

var errNotRegular = fmt.Errorf("not a regular file: %w", fs.ErrInvalid)

// reopen makes a descriptor to read from out of one that only stands for a name.
func reopen(fd int, name string) (*os.File, fs.FileInfo, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, nil, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return nil, nil, errNotRegular
	}
	readable, err := unix.Open(self(fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	f := os.NewFile(uintptr(readable), name)
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// self is the way to an open file that no name is needed for.
func self(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// Path is where the folder lies now, all links resolved.
func (d *Dir) Path() (string, error) { return os.Readlink(self(int(d.f.Fd()))) }

// Real stands on the folder at an absolute path in which no part is a link. The folder need not
// be readable. One on the way that may not be entered is a [Denied].
func Real(name string) (*Dir, error) {
	root, err := Open("/")
	if err != nil {
		return nil, err
	}
	defer root.Close()
	fd, err := root.open(strings.TrimPrefix(path.Clean(name), "/"), unix.O_DIRECTORY|unix.O_PATH, 0)
	if err != nil {
		return nil, fail("open", name, err)
	}
	return &Dir{os.NewFile(uintptr(fd), name)}, nil
}
