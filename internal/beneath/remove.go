package beneath

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Remove removes a file, a link or an empty folder.
func (d *Dir) Remove(name string) error {
	return d.at("remove", name, func(fd int, base string) error {
		err := unix.Unlinkat(fd, base, 0)
		if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
			return unix.Unlinkat(fd, base, unix.AT_REMOVEDIR)
		}
		return err
	})
}

// RemoveAll removes what stands at name and all below it; nothing there is no error.
// A link is removed, never what it points to. It goes on past what it cannot remove
// and returns every error.
func (d *Dir) RemoveAll(name string) error {
	err := d.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if err := d.empty(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *Dir) empty(name string) error {
	sub, err := d.Dir(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	entries, err := sub.f.ReadDir(-1)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, sub.RemoveAll(e.Name()))
	}
	return errors.Join(errs...)
}
