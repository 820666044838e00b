package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/nexushub/nexushub/api"
)

// swap is a tree that was put in its place.
type swap struct {
	tree
	replaced bool // there was one before, which is in the stage now
}

// prepareSwap makes the stage durable and says what would stand in the way of a swap, while
// there is time.
func (s *Stage) prepareSwap() error {
	for _, t := range s.trees {
		p := s.parents[t.parent]
		if t.owner == application {
			if err := p.MkdirAll(path.Dir(t.name), 0o755); err != nil {
				return err
			}
		}
		mounted, err := p.MountPoint(t.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if mounted {
			return fmt.Errorf(
				"/%s is a mount point, which cannot be swapped: unmount it, restore, and move the result there: %w", t.path(),
				api.Conflict)
		}
	}
	for _, p := range s.parents {
		if err := p.SyncFilesystem(); err != nil {
			return err
		}
	}
	return nil
}

// Swap puts every staged tree in its place, each in one step, or changes nothing. Trees
// that the archive does not have stay as they are.
func (s *Stage) Swap() error {
	for _, t := range s.trees {
		if err := s.swap(t); err != nil {
			return errors.Join(fmt.Errorf("/%s: %w", t.path(), err), s.Undo())
		}
	}
	return s.sync()
}

func (s *Stage) swap(t tree) error {
	p := s.parents[t.parent]
	_, err := p.Lstat(t.name)
	replaced := err == nil
	switch {
	case replaced:
		err = p.Exchange(s.staged(t, ""), t.name)
	case errors.Is(err, fs.ErrNotExist):
		err = p.Rename(s.staged(t, ""), t.name)
	}
	if err == nil {
		s.swapped = append(s.swapped, swap{t, replaced})
	}
	return err
}

// Undo puts everything back as it was before Swap.
func (s *Stage) Undo() error {
	var errs []error
	for _, t := range slices.Backward(s.swapped) {
		p := s.parents[t.parent]
		if t.replaced {
			errs = append(errs, p.Exchange(s.staged(t.tree, ""), t.name))
		} else {
			errs = append(errs, p.Rename(t.name, s.staged(t.tree, "")))
		}
	}
	s.swapped = nil
	return errors.Join(append(errs, s.sync())...)
}

func (s *Stage) sync() error {
	var errs []error
	for _, p := range s.parents {
		errs = append(errs, p.Sync())
	}
	return errors.Join(errs...)
}

// Close removes what is in the stage.
func (s *Stage) Close() error {
	var errs []error
	for _, p := range s.parents {
		errs = append(errs, p.RemoveAll(p.stage), p.Close())
	}
	s.parents = nil
	return errors.Join(errs...)
}
