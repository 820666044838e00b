package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxInside bounds the descriptors that a name may take; a path cannot be deeper.
const maxInside = 1024

// Inside opens a regular file for reading, or a folder, and follows links that stay below
// d, as packages may have them. Anything else is [fs.ErrInvalid]. A folder need not be readable,
// then its names cannot be listed. What may not be entered or read is a [Denied].
func (d *Dir) Inside(name string) (*os.File, fs.FileInfo, error) {
	in := inside{top: int(d.f.Fd())}
	err := in.all(path.Clean(name))
	defer in.close()
	if err != nil {
		return nil, nil, fail("open", d.path(name), err)
	}
	f, info, err := reopen(in.at(), d.path(name))
	if errors.Is(err, unix.EACCES) {
		f, info, err = in.unreadable(d.path(name), err)
	}
	return f, info, fail("open", d.path(name), err)
}

// unreadable takes a folder that may not be read for what it is.
func (in *inside) unreadable(name string, err error) (*os.File, fs.FileInfo, error) {
	fd, dupErr := unix.FcntlInt(uintptr(in.at()), unix.F_DUPFD_CLOEXEC, 0)
	if dupErr != nil {
		return nil, nil, dupErr
	}
	f := os.NewFile(uintptr(fd), name)
	info, statErr := f.Stat()
	if statErr == nil && info.IsDir() {
		return f, info, nil
	}
	return nil, nil, errors.Join(denied(in.at(), false, err), statErr, f.Close())
}

// inside goes a name part by part, and back by the descriptors that it came by: what is
// moved meanwhile leads nowhere else.
type inside struct {
	top   int
	way   []int // O_PATH descriptors below top
	links int
}

func (in *inside) at() int {
	if len(in.way) == 0 {
		return in.top
	}
	return in.way[len(in.way)-1]
}

func (in *inside) all(name string) error {
	if strings.HasPrefix(name, "/") {
		return unix.EXDEV
	}
	for part := range strings.SplitSeq(name, "/") {
		if err := in.part(part); err != nil {
			return err
		}
	}
	return nil
}

func (in *inside) part(part string) error {
	switch part {
	case "", ".":
		return nil
	case "..":
		return in.back()
	}
	fd, err := openPart(in.at(), part, unix.O_PATH, 0)
	if err != nil {
		return denied(in.at(), true, err)
	}
	target, err := readlink(fd, "")
	if err != nil { // no link
		in.way = append(in.way, fd)
		if len(in.way) > maxInside {
			return unix.ENAMETOOLONG
		}
		return nil
	}
	if err := unix.Close(fd); err != nil {
		return err
	}
	if in.links++; in.links > maxLinks {
		return unix.ELOOP
	}
	return in.all(target)
}

func (in *inside) back() error {
	if len(in.way) == 0 {
		return unix.EXDEV
	}
	last := in.at()
	in.way = in.way[:len(in.way)-1]
	return unix.Close(last)
}

func (in *inside) close() {
	for len(in.way) > 0 {
		if err := in.back(); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
