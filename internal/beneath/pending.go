package beneath

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Pending is a new file that has no name yet: nobody can open, replace or foresee it,
// and whatever ends the process, nothing is left behind. [Pending.Commit] gives it its
// name, [Pending.Discard] drops it.
type Pending struct {
	*os.File
	dir        *Dir
	name, temp string // temp is empty while the file has no name at all
}

// Pending makes the file that is to stand at name. On a file system that cannot have
// files without names (NFS among others) it gets one that nobody can guess.
func (d *Dir) Pending(name string, perm fs.FileMode) (*Pending, error) {
	f, err := d.OpenFile(path.Dir(path.Clean(name)), os.O_RDWR|unix.O_TMPFILE, perm)
	if err == nil {
		return &Pending{File: f, dir: d, name: name}, nil
	}
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EINVAL) {
		return nil, err
	}
	f, temp, err := d.CreateTemp(name, perm)
	if err != nil {
		return nil, err
	}
	return &Pending{File: f, dir: d, name: name, temp: temp}, nil
}

// Commit makes the content durable and puts the file at its name. What stood there,
// also a link, is replaced, not followed.
func (p *Pending) Commit() error {
	err := p.Sync()
	if err == nil && p.temp == "" {
		err = p.enter()
	}
	if err == nil {
		err = p.dir.Rename(p.temp, p.name)
	}
	if err != nil {
		return errors.Join(err, p.Discard())
	}
	p.temp = ""
	return errors.Join(p.Close(), p.dir.syncParent(p.name))
}

// enter gives the file a name that nobody can guess: link(2) does not replace, so the
// last step is always a rename.
func (p *Pending) enter() error {
	temp := path.Join(path.Dir(p.name), "."+path.Base(p.name)+".tmp-"+rand.Text())
	own := fmt.Sprintf("/proc/self/fd/%d", p.Fd())
	err := p.dir.at("link", temp, func(fd int, base string) error {
		return unix.Linkat(unix.AT_FDCWD, own, fd, base, unix.AT_SYMLINK_FOLLOW)
	})
	if err == nil {
		p.temp = temp
	}
	return err
}

// Discard drops the file.
func (p *Pending) Discard() error {
	err := p.Close()
	if p.temp != "" {
		err = errors.Join(err, p.dir.Remove(p.temp))
	}
	return err
}
