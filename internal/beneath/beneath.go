// Package beneath works on files below a folder that somebody else can write to, and
// never follows a link there. Whoever owns the folder may swap names for links, FIFOs
// or other folders at any moment; nothing that he does makes a call leave the folder or
// wait for him.
//
// A name is walked part by part by descriptors, each opened with O_NOFOLLOW, and what is
// done with the last part goes by the descriptor of its folder: what openat2(2) calls
// RESOLVE_BENEATH, hence the name, for every call and not for opening alone. Names are
// relative and slash-separated; "." is the folder itself. A link on the way is an error that
// wraps [ErrLink]; everything else is an [fs.PathError] of the system call.
package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLink says that a name leads over a link, or out of the folder.
var ErrLink = errors.New("a link is in the way")

// Dir is an open folder. Close it.
type Dir struct{ f *os.File }

// Open opens the folder at path. The folders above it must be root's alone: they are
// resolved as usual. The last component must be a folder, not a link.
func Open(path string) (*Dir, error) {
	fd, err := unix.Open(path, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_RDONLY, 0)
	if err != nil {
		return nil, fail("open", path, err)
	}
	return &Dir{os.NewFile(uintptr(fd), path)}, nil
}

// Close closes the descriptor.
func (d *Dir) Close() error { return d.f.Close() }

// Name is the path that the folder was opened by, for messages only.
func (d *Dir) Name() string { return d.f.Name() }

// Sync makes the names in the folder durable.
func (d *Dir) Sync() error { return d.f.Sync() }

// Stat says what the folder itself is.
func (d *Dir) Stat() (fs.FileInfo, error) { return d.f.Stat() }

// OpenFile opens name as open(2) does with flag and perm. It never waits: a FIFO or a
// device is opened without blocking, so ask the descriptor what it is, or use
// [Dir.OpenRegular].
func (d *Dir) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	fd, err := d.open(name, flag|unix.O_NONBLOCK, uint32(perm.Perm()))
	if err != nil {
		return nil, fail("open", d.path(name), err)
	}
	return os.NewFile(uintptr(fd), d.path(name)), nil
}

// OpenRegular opens a regular file for reading. Anything else is an error that wraps
// [fs.ErrInvalid].
func (d *Dir) OpenRegular(name string) (*os.File, fs.FileInfo, error) {
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fail("open", d.path(name), errNotRegular)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// Create makes a new file for writing; a name that exists, also as a link, is
// [fs.ErrExist].
func (d *Dir) Create(name string, perm fs.FileMode) (*os.File, error) {
	return d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

// Dir opens a folder below d.
func (d *Dir) Dir(name string) (*Dir, error) {
	f, err := d.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{f}, nil
}

// Mkdir makes a folder, with exactly the mode perm.
func (d *Dir) Mkdir(name string, perm fs.FileMode) error {
	return d.at("mkdir", name, func(fd int, base string) error {
		if err := unix.Mkdirat(fd, base, uint32(perm.Perm())); err != nil {
			return err
		}
		made, err := unix.Openat(fd, base, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(unix.Fchmod(made, uint32(perm.Perm())), unix.Close(made))
	})
}

// MkdirAll makes a folder and those above it where they are missing. What is there must
// be a folder, not a link to one.
func (d *Dir) MkdirAll(name string, perm fs.FileMode) error {
	there, err := d.Dir(name)
	if err == nil {
		return there.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := path.Dir(path.Clean(name)); parent != "." {
		if err := d.MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := d.Mkdir(name, perm); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Lstat says what stands at name, without following it.
func (d *Dir) Lstat(name string) (info fs.FileInfo, err error) {
	if path.Clean(name) == "." {
		return d.Stat()
	}
	err = d.at("lstat", name, func(fd int, base string) error {
		there, err := unix.Openat(fd, base, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(there), d.path(name))
		info, err = f.Stat()
		return errors.Join(err, f.Close())
	})
	return info, err
}

// Readlink returns where the link at name points; it is never followed.
func (d *Dir) Readlink(name string) (target string, err error) {
	err = d.at("readlink", name, func(fd int, base string) error {
		target, err = readlink(fd, base)
		return err
	})
	return target, err
}

// Symlink makes a link at name. Its target is not looked at.
func (d *Dir) Symlink(target, name string) error {
	return d.at("symlink", name, func(fd int, base string) error { return unix.Symlinkat(target, fd, base) })
}

// ReadDir lists a folder, sorted by name. Entries are what they were at that moment.
func (d *Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	sub, err := d.Dir(name)
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	entries, err := sub.f.ReadDir(-1)
	sortByName(entries)
	return entries, err
}

// Names reads up to n further names of the folder itself, in no order, so that a folder
// of any length takes no more memory than n names; at the end it returns [io.EOF].
func (d *Dir) Names(n int) ([]string, error) { return d.f.Readdirnames(n) }

// Rename moves a name; what is at the new one is replaced as rename(2) does. A link is
// moved, not followed.
func (d *Dir) Rename(from, to string) error {
	return d.at("rename", from, func(fromFD int, fromBase string) error {
		return d.at("rename", to, func(toFD int, toBase string) error {
			return unix.Renameat(fromFD, fromBase, toFD, toBase)
		})
	})
}

// Exchange swaps two names in one step. A link is moved, not followed.
func (d *Dir) Exchange(one, other string) error {
	return d.at("exchange", one, func(oneFD int, oneBase string) error {
		return d.at("exchange", other, func(otherFD int, otherBase string) error {
			return unix.Renameat2(oneFD, oneBase, otherFD, otherBase, unix.RENAME_EXCHANGE)
		})
	})
}

// Link gives what stands at name, also a link, a further name.
func (d *Dir) Link(name, further string) error {
	return d.at("link", name, func(fd int, base string) error {
		return d.at("link", further, func(furtherFD int, furtherBase string) error {
			return unix.Linkat(fd, base, furtherFD, furtherBase, 0)
		})
	})
}

// Lchown changes the owner of what stands at name, of a link itself too.
func (d *Dir) Lchown(name string, uid, gid int) error {
	return d.at("chown", name, func(fd int, base string) error {
		return unix.Fchownat(fd, base, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// Chtimes sets the times of what stands at name, of a link itself too.
func (d *Dir) Chtimes(name string, access, change time.Time) error {
	return d.at("chtimes", name, func(fd int, base string) error {
		times := []unix.Timespec{unix.NsecToTimespec(access.UnixNano()), unix.NsecToTimespec(change.UnixNano())}
		return unix.UtimesNanoAt(fd, base, times, unix.AT_SYMLINK_NOFOLLOW)
	})
}
