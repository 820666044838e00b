package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Hold keeps a release from every Sweep until the returned function is called.
// It also ends the grace of a fresh import, so that a release let go can be swept.
func (s *Store) Hold(hash string) (letGo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[hash]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.fresh, hash)
		if s.held[hash]--; s.held[hash] == 0 {
			delete(s.held, hash)
		}
	})
}

// Sweep removes every release that is neither in inUse nor held nor just imported,
// and returns the names removed. The caller vouches that inUse is complete: what is
// desired, what runs according to PID 1, and what is kept for rollback. A holder
// that died with the process needs no clean-up, leases are in memory.
func (s *Store) Sweep(inUse map[string]bool) (removed []string, err error) {
	hashes, err := s.hashes()
	if err != nil {
		return nil, err
	}
	for _, hash := range hashes {
		gone, e := s.discard(hash, inUse)
		err = errors.Join(err, e)
		if gone {
			removed = append(removed, hash)
		}
	}
	return removed, err
}

// discard renames under the lock and deletes after it: an import of the same content
// finds the release whole or not at all.
func (s *Store) discard(hash string, inUse map[string]bool) (bool, error) {
	trash := filepath.Join(s.dir, trashPrefix+hash)
	ok, err := s.moveAway(hash, trash, inUse)
	if !ok || err != nil {
		return false, err
	}
	return true, os.RemoveAll(trash)
}

func (s *Store) moveAway(hash, trash string, inUse map[string]bool) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if inUse[hash] || s.held[hash] > 0 || time.Since(s.fresh[hash]) < grace {
		return false, nil
	}
	if err := os.RemoveAll(trash); err != nil {
		return false, err
	}
	if err := os.Rename(s.path(hash), trash); err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	delete(s.fresh, hash)
	if err := os.Remove(s.metaPath(hash)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	return true, nil
}
