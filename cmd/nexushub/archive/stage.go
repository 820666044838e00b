package archive

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/beneath"
)

// stagePrefix begins the names of the folders that restoring unpacks into.
const stagePrefix = ".nexushub-restore-"

// parent is a folder of root's that trees lie in, with the stage in it.
type parent struct {
	*beneath.Dir
	stage string
}

// Stage is an archive that is unpacked, beside where it belongs.
type Stage struct {
	parents  map[string]parent
	trees    []tree
	swapped  []swap
	dumps    []string // of databases
	accounts *accounts
}

// Stage unpacks a checked archive below base ("/") and changes nothing else. Close
// removes what was staged, or what it was swapped for.
func (a *Archive) Stage(ctx context.Context, base string) (s *Stage, err error) {
	s = &Stage{parents: map[string]parent{}, accounts: hostAccounts()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
			s = nil
		}
	}()
	for name := range a.need {
		if err := s.open(base, name); err != nil {
			return s, err
		}
	}
	if err := s.checkSpace(a.need); err != nil {
		return s, err
	}
	err = a.each(ctx, func(e entry) error {
		if e.Typeflag == tar.TypeXGlobalHeader {
			return nil
		}
		t, rel, err := validate(e)
		if err == nil {
			err = s.unpack(t, rel, e)
		}
		if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) ||
			errors.Is(err, beneath.ErrLink) {
			err = fmt.Errorf("%q appears twice, or before its folder: %w: %w", e.Name, err, api.Invalid)
		}
		return err
	})
	if err == nil {
		err = s.prepareSwap()
	}
	return s, err
}

// open opens a parent, removes what an earlier restore that was killed has left there,
// and makes a stage. Only one restore at a time gets past here.
func (s *Stage) open(base, name string) error {
	all, err := beneath.Open(base)
	if err != nil {
		return err
	}
	defer all.Close()
	full := filepath.Join(base, name)
	d, err := beneath.Open(full)
	if errors.Is(err, fs.ErrNotExist) {
		if err = all.MkdirAll(name, 0o700); err == nil {
			d, err = beneath.Open(full)
		}
	}
	if err != nil {
		return err
	}
	p := parent{d, stagePrefix + rand.Text()}
	if err := d.TryLock(); err != nil {
		return errors.Join(fmt.Errorf("another restore is running in %s: %w: %w", full, err, api.Conflict), d.Close())
	}
	s.parents[name] = p
	entries, err := d.ReadDir(".")
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stagePrefix) {
			err = errors.Join(err, d.RemoveAll(e.Name()))
		}
	}
	if err != nil {
		return err
	}
	return d.Mkdir(p.stage, 0o700)
}

// checkSpace compares what is needed with what is free, by file system.
func (s *Stage) checkSpace(need map[string]cost) error {
	sum := map[uint64]cost{}
	for name, p := range s.parents {
		info, err := p.Stat()
		if err != nil {
			return err
		}
		space, err := p.Space()
		if err != nil {
			return err
		}
		dev := info.Sys().(*syscall.Stat_t).Dev
		all := cost{sum[dev].bytes + need[name].bytes, sum[dev].nodes + need[name].nodes}
		if sum[dev] = all; all.bytes > space.Free || all.nodes > space.FreeInodes {
			return fmt.Errorf("the file system of %s has %d MiB and %d inodes free, the archive needs %d MiB and %d inodes: %w",
				p.Name(), space.Free>>20, space.FreeInodes, all.bytes>>20, all.nodes, api.NoSpace)
		}
	}
	return nil
}

// staged is the name of an entry in the stage, below its parent.
func (s *Stage) staged(t tree, rel string) string {
	return path.Join(s.parents[t.parent].stage, path.Base(t.name), rel)
}

func (s *Stage) unpack(t tree, rel string, e entry) error {
	if t == appTree("") { // root's own, made by the package
		return nil
	}
	d, name := s.parents[t.parent].Dir, s.staged(t, rel)
	switch {
	case t == dumps:
		if err := s.keep(rel, e); err != nil {
			return err
		}
	case rel == "":
		s.trees = append(s.trees, t)
	}
	switch e.Typeflag {
	case tar.TypeDir:
		return s.folder(d, name, t, e)
	case tar.TypeSymlink:
		return s.link(d, name, t, e)
	case tar.TypeLink:
		_, to, err := treeOf(e.Linkname)
		if err != nil {
			return err
		}
		return d.Link(s.staged(t, to), name)
	}
	return s.file(d, name, t, e)
}

func (s *Stage) folder(d *beneath.Dir, name string, t tree, e entry) error {
	if err := d.Mkdir(name, 0o700); err != nil {
		return err
	}
	f, err := d.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return errors.Join(s.setOwner(f, t, e), f.Close())
}

func (s *Stage) link(d *beneath.Dir, name string, t tree, e entry) error {
	err := d.Symlink(e.Linkname, name)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	uid, gid, _ := s.accounts.permissions(t, e)
	return d.Lchown(name, uid, gid)
}

func (s *Stage) file(d *beneath.Dir, name string, t tree, e entry) error {
	f, err := d.Create(name, 0o600)
	if err != nil {
		return err
	}
	if e.sparse {
		err = writeSparse(f, e)
	} else {
		_, err = io.Copy(f, e.content)
	}
	if err == nil {
		err = s.setOwner(f, t, e)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return d.Chtimes(name, e.ModTime, e.ModTime)
}

// writeSparse writes the pieces of a sparse file to where they belong.
func writeSparse(f *os.File, e entry) error {
	if err := f.Truncate(e.Size); err != nil {
		return err
	}
	for _, p := range e.pieces {
		if n, err := io.CopyN(io.NewOffsetWriter(f, p.offset), e.content, p.length); err != nil {
			return fmt.Errorf("%q ends after %d of %d bytes: %w", e.Name, n, p.length, errors.Join(io.ErrUnexpectedEOF, err))
		}
	}
	return nil
}

// setOwner sets owner and mode, in this order: a new owner takes bits away. Only root gives
// files away.
func (s *Stage) setOwner(f *os.File, t tree, e entry) error {
	uid, gid, mode := s.accounts.permissions(t, e)
	if os.Geteuid() == 0 {
		if err := f.Chown(uid, gid); err != nil {
			return err
		}
	}
	return f.Chmod(mode)
}
