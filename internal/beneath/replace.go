package beneath

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
)

// CreateTemp makes a new file for writing beside name, under a name that nobody can
// guess, and returns that name.
func (d *Dir) CreateTemp(name string, perm fs.FileMode) (f *os.File, temp string, err error) {
	temp = path.Join(path.Dir(name), "."+path.Base(name)+".tmp-"+rand.Text())
	f, err = d.Create(temp, perm)
	return f, temp, err
}

// Replace puts content at name so that a reader, a crash or a power cut sees the old
// content or the new: new file, fsync, rename, fsync of the folder. What stood at name,
// also a link, is replaced, not followed.
func (d *Dir) Replace(name string, content io.Reader, perm fs.FileMode) error {
	f, temp, err := d.CreateTemp(name, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Chmod(perm.Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, d.Remove(temp))
	}
	return d.syncParent(name)
}

func (d *Dir) syncParent(name string) error {
	parent, err := d.Dir(path.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}
