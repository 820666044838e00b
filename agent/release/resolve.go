package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/disk"
)

// source remembers which content a zip held, so that a reload need not hash it again.
type source struct {
	info os.FileInfo
	hash string
}

// Resolve turns the path of a static application's package into a release: a zip is
// imported, a folder stays where it is and is named by its Fingerprint. Either may be
// another user's: see [beneath.Named] for the links that are followed.
func (s *Store) Resolve(ctx context.Context, path string) (fact.Release, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return fact.Release{}, fmt.Errorf("resolve: %w", err)
	}
	f, info, err := beneath.Named(path)
	if err != nil {
		return fact.Release{}, fmt.Errorf("resolve: %w", err)
	}
	defer f.Close()
	if info.IsDir() {
		return resolveFolder(ctx, path, beneath.Of(f))
	}
	return s.resolveZip(ctx, path, f, info)
}

func resolveFolder(ctx context.Context, path string, dir *beneath.Dir) (fact.Release, error) {
	hash, err := Fingerprint(ctx, dir)
	if err != nil {
		return fact.Release{}, err
	}
	r, err := describe(path, dir, nil)
	if err != nil {
		return fact.Release{}, fmt.Errorf("resolve %s: %w", path, err)
	}
	r.Hash, r.Expands = hash, true
	return r, nil
}

func (s *Store) resolveZip(ctx context.Context, path string, f *os.File, info os.FileInfo) (fact.Release, error) {
	s.mu.Lock()
	old, known := s.sources[path]
	s.mu.Unlock()
	if known && unchanged(old.info, info) && s.touch(old.hash) {
		return s.Get(old.hash)
	}
	r, err := s.importCopy(ctx, path, f)
	if err != nil {
		return fact.Release{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[path] = source{info: info, hash: r.Hash}
	return r, nil
}

// importCopy imports a zip that its owner may write to meanwhile: what has been hashed
// must be what is unpacked, or one user's file would stand under the name of another's.
func (s *Store) importCopy(ctx context.Context, path string, from *os.File) (r fact.Release, err error) {
	own, err := os.CreateTemp(s.dir, tempPrefix)
	if err != nil {
		return r, fmt.Errorf("import %s: %w", path, disk.NoSpace(err))
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	if err := errors.Join(os.Remove(own.Name()), s.copyZip(ctx, own, from)); err != nil {
		return r, fmt.Errorf("import %s: %w", path, disk.NoSpace(err))
	}
	return s.importFile(ctx, own, path)
}

// copyZip copies no more than a package can be, whatever the file says of its size.
func (s *Store) copyZip(ctx context.Context, own, from *os.File) error {
	info, err := from.Stat()
	if err != nil {
		return err
	}
	most := s.limits.MaxUnpacked + s.limits.directoryBudget()
	if info.Size() > most {
		return fmt.Errorf("larger than any package may be: more than %d bytes: %w", most, beneath.ErrTooMuch)
	}
	if err := disk.Check(s.dir, disk.Room{Bytes: info.Size(), Inodes: 1}, s.limits.Free); err != nil {
		return err
	}
	n, err := io.Copy(own, &contextReader{ctx: ctx, r: io.LimitReader(from, most+1)})
	if err == nil && n > most {
		err = beneath.ErrTooMuch
	}
	if err == nil {
		_, err = own.Seek(0, io.SeekStart)
	}
	return err
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// RealFolder is where the folder at an operator's path really lies. One that is not
// there yet lies where he says.
func RealFolder(path string) (string, error) {
	folder, err := beneath.Folder(path)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Abs(path)
	}
	if err != nil {
		return "", err
	}
	real, err := folder.Path()
	return real, errors.Join(err, folder.Close())
}
