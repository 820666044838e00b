package beneath

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

const (
	// batch bounds the names in memory, maxDepth the folders open at once.
	batch    = 512
	maxDepth = 64
	// maxPasses ends the removal of a tree that somebody fills faster than it empties.
	maxPasses = 1 << 16
	maxErrors = 8
)

// Remove removes a file, a link or an empty folder.
func (d *Dir) Remove(name string) error {
	return d.at("remove", name, func(fd int, base string) error {
		err := unix.Unlinkat(fd, base, 0)
		if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM) {
			return err
		}
		if asFolder := unix.Unlinkat(fd, base, unix.AT_REMOVEDIR); !errors.Is(asFolder, unix.ENOTDIR) {
			return asFolder
		}
		return err
	})
}

// RemoveAll removes what stands at name and all below it; it is no error that nothing is there.
// A link is removed, never what it points to. The tree may be as deep and wide as its
// owner could make it. It continues past what it cannot remove and returns the first few
// errors.
func (d *Dir) RemoveAll(name string) error {
	err := d.Remove(name)
	if gone(err) {
		return nil
	}
	if !notEmpty(err) {
		return err
	}
	for range maxPasses {
		r, failed := d.removePass(name)
		if err = d.Remove(name); gone(err) {
			return nil
		}
		if r.progress == 0 {
			return errors.Join(append(r.errs, failed, err)...)
		}
	}
	return err
}

// removePass removes what it can of a folder's content in one go.
func (d *Dir) removePass(name string) (*remover, error) {
	r := &remover{}
	top, err := d.Dir(name)
	if err != nil {
		return r, err
	}
	r.top = top
	r.empty(top, 0)
	return r, top.Close()
}

func gone(err error) bool { return err == nil || errors.Is(err, fs.ErrNotExist) }

func notEmpty(err error) bool { return errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) }

// remover is one pass over a tree.
type remover struct {
	top      *Dir
	progress int // names removed or lifted
	errs     []error
}

func (r *remover) empty(dir *Dir, depth int) {
	for {
		names, err := dir.Names(batch)
		for _, name := range names {
			r.remove(dir, name, depth)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.note(err)
			}
			return
		}
	}
}

func (r *remover) remove(dir *Dir, name string, depth int) {
	err := dir.Remove(name)
	if notEmpty(err) && depth < maxDepth {
		r.descend(dir, name, depth)
		err = dir.Remove(name)
	} else if notEmpty(err) {
		err = r.lift(dir, name)
	}
	if err == nil {
		r.progress++
	}
	if !gone(err) {
		r.note(err)
	}
}

func (r *remover) descend(dir *Dir, name string, depth int) {
	sub, err := dir.Dir(name)
	if err != nil {
		r.note(err)
		return
	}
	r.empty(sub, depth+1)
	if err := sub.Close(); err != nil {
		r.note(err)
	}
}

// lift moves a folder that lies too deep to the top, for the next pass.
func (r *remover) lift(dir *Dir, name string) error {
	to := ".removed-" + rand.Text()
	if err := unix.Renameat(int(dir.f.Fd()), name, int(r.top.f.Fd()), to); err != nil {
		return fail("remove", dir.path(name), fmt.Errorf("too deep, and cannot be moved up: %w", err))
	}
	return nil
}

func (r *remover) note(err error) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	}
}
