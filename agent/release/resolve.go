package release

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// source remembers which content a zip held, so that a reload need not hash it again.
type source struct {
	info os.FileInfo
	hash string
}

// Resolve turns the path of a static application's package into a release: a zip is
// imported, a folder stays where it is and is named by its Fingerprint.
func (s *Store) Resolve(ctx context.Context, path string) (Release, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Release{}, fmt.Errorf("resolve: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Release{}, fmt.Errorf("resolve: %w", err)
	}
	if info.IsDir() {
		return resolveFolder(path)
	}
	return s.resolveZip(ctx, path, info)
}

func resolveFolder(dir string) (Release, error) {
	hash, err := Fingerprint(dir)
	if err != nil {
		return Release{}, err
	}
	r, err := describe(dir)
	if err != nil {
		return Release{}, fmt.Errorf("resolve %s: %w", dir, err)
	}
	r.Hash = hash
	return r, nil
}

func (s *Store) resolveZip(ctx context.Context, path string, info os.FileInfo) (Release, error) {
	s.mu.Lock()
	old, known := s.sources[path]
	s.mu.Unlock()
	if known && unchanged(old.info, info) && s.touch(old.hash) {
		return s.Get(old.hash)
	}
	r, err := s.Import(ctx, path)
	if err != nil {
		return Release{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[path] = source{info: info, hash: r.Hash}
	return r, nil
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
