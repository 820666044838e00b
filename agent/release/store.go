package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/disk"
)

const (
	tempPrefix  = ".unpack-"
	trashPrefix = ".trash-"
	metaDir     = ".meta"
	// grace keeps what this process has just imported until its caller holds it.
	grace = 15 * time.Minute
)

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Store is the folder of releases. It is safe for concurrent use by one process.
type Store struct {
	dir    string
	limits Limits

	mu      sync.Mutex // guards the fields that follow, and renames in dir
	held    map[string]int
	fresh   map[string]time.Time // imported or resolved, not yet held
	sources map[string]source    // zips of Resolve by path
}

// Open makes dir where it is missing and removes what a crash left half-done.
func Open(dir string, limits Limits) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, metaDir), 0o755); err != nil {
		return nil, fmt.Errorf("release store: %w", err)
	}
	// Names are no secret, but nobody needs to list them.
	if err := errors.Join(os.Chmod(dir, 0o711), os.Chmod(filepath.Join(dir, metaDir), 0o700)); err != nil {
		return nil, fmt.Errorf("release store: %w", err)
	}
	s := &Store{dir: dir, limits: limits.filled(), held: map[string]int{}, fresh: map[string]time.Time{},
		sources: map[string]source{}}
	return s, s.removeLeftovers()
}

func (s *Store) removeLeftovers() error {
	var errs error
	for _, prefix := range []string{tempPrefix, trashPrefix} {
		found, err := filepath.Glob(filepath.Join(s.dir, prefix+"*"))
		errs = errors.Join(errs, err)
		for _, path := range found {
			errs = errors.Join(errs, os.RemoveAll(path))
		}
	}
	return errs
}

// Import unpacks the zip at path unless its content is already stored. It fails with
// an *InvalidError that lists all problems, or with disk.ErrNoSpace; either way nothing
// is left behind. The release is safe from Sweep for 15 minutes: Hold it, or let it
// appear in the set of releases in use, before.
func (s *Store) Import(ctx context.Context, path string) (fact.Release, error) {
	f, err := os.Open(path)
	if err != nil {
		return fact.Release{}, fmt.Errorf("import: %w", err)
	}
	defer f.Close()
	r, err := s.importFile(ctx, f, path)
	if err != nil || r.Expands {
		return r, err
	}
	return s.expandFromNow(r)
}

// expandFromNow lets variables stand for their values in the exec of a release that was
// stored when all of it was literal: it stays so until it is installed again.
func (s *Store) expandFromNow(r fact.Release) (fact.Release, error) {
	m := s.readMeta(r.Hash)
	m.Expands = true
	if err := s.writeMeta(r.Hash, m); err != nil {
		return fact.Release{}, fmt.Errorf("import: %w", err)
	}
	r.Expands = true
	return r, nil
}

// importFile imports from an open file that nobody changes meanwhile.
func (s *Store) importFile(ctx context.Context, f *os.File, path string) (fact.Release, error) {
	hash, err := hashFile(ctx, f)
	if err != nil {
		return fact.Release{}, fmt.Errorf("import %s: %w", path, err)
	}
	if s.touch(hash) {
		return s.Get(hash)
	}
	if err := s.unpackInTime(ctx, f, hash, (*archive).checkUnbuilt); err != nil {
		return fact.Release{}, fmt.Errorf("import %s: %w", filepath.Base(path), disk.NoSpace(err))
	}
	return s.Get(hash)
}

// touch reports whether the release is there, and keeps it from a sweep for a while.
func (s *Store) touch(hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Lstat(s.path(hash)); err != nil {
		return false
	}
	s.fresh[hash] = time.Now()
	return true
}

func (s *Store) unpackInTime(ctx context.Context, f *os.File, hash string, also func(*archive)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limits.MaxTime, ErrTooSlow)
	defer cancel()
	err := s.unpack(ctx, f, hash, also)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), ErrTooSlow) {
		return fmt.Errorf("%w: more than %v (package.max_time)", ErrTooSlow, s.limits.MaxTime)
	}
	return err
}

// unpack makes a release of a zip that has no faults, also none that also finds.
func (s *Store) unpack(ctx context.Context, f *os.File, hash string, also func(*archive)) error {
	a, err := readArchive(ctx, f, s.limits, false)
	if err != nil {
		return err
	}
	also(a)
	if a.faults.result() != nil {
		return a.allFaults(ctx)
	}
	if err := disk.Check(s.dir, a.room(), s.limits.Free); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(s.dir, tempPrefix)
	if err != nil {
		return err
	}
	if err = a.unpackTo(ctx, temp); err == nil {
		err = s.commit(temp, hash, a.meta())
	}
	return errors.Join(err, os.RemoveAll(temp))
}

// allFaults adds damaged contents to the faults found so far.
func (a *archive) allFaults(ctx context.Context) error {
	if a.bounded {
		if err := (&unpacker{a: a}).run(ctx); err != nil {
			return err
		}
	}
	return a.faults.result()
}

// unpackTo writes the archive below the empty folder temp and syncs it.
func (a *archive) unpackTo(ctx context.Context, temp string) (err error) {
	root, err := os.OpenRoot(temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := (&unpacker{a: a, root: root, dir: temp}).run(ctx); err != nil {
		return err
	}
	if err := a.faults.result(); err != nil {
		return err
	}
	if err := root.Chmod(".", 0o755); err != nil {
		return err
	}
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(syncTree(int(d.Fd())), d.Close())
}

// commit gives the unpacked folder its name. Another import of the same content may
// have come first; then that one stays.
func (s *Store) commit(temp, hash string, m meta) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh[hash] = time.Now()
	if err := s.writeMeta(hash, m); err != nil {
		return err
	}
	if err := os.Rename(temp, s.path(hash)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return atomicfile.SyncDir(s.dir)
}

// Get returns a stored release, or ErrNotFound.
func (s *Store) Get(hash string) (fact.Release, error) {
	if !hashPattern.MatchString(hash) {
		return fact.Release{}, fmt.Errorf("%w: %q is not a release name", ErrNotFound, hash)
	}
	dir, err := beneath.Open(s.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return fact.Release{}, fmt.Errorf("%w: %s", ErrNotFound, hash)
	}
	if err != nil {
		return fact.Release{}, err
	}
	m := s.readMeta(hash)
	r, err := describe(s.path(hash), dir, m.Recognised)
	if err := errors.Join(err, dir.Close()); err != nil {
		return fact.Release{}, err
	}
	r.Hash, r.Size, r.ImportedAt, r.Expands = hash, m.Size, m.ImportedAt, m.Expands
	return r, nil
}

// List returns every stored release.
func (s *Store) List() ([]fact.Release, error) {
	hashes, err := s.hashes()
	if err != nil {
		return nil, err
	}
	all := make([]fact.Release, 0, len(hashes))
	for _, hash := range hashes {
		r, err := s.Get(hash)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (s *Store) hashes() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("release store: %w", err)
	}
	var hashes []string
	for _, e := range entries {
		if hashPattern.MatchString(e.Name()) {
			hashes = append(hashes, e.Name())
		}
	}
	return hashes, nil
}

func (s *Store) path(hash string) string { return filepath.Join(s.dir, hash) }

// syncTree makes everything written on dir's file system durable with one call;
// one fsync for each of its files would take minutes on a disk.
func syncTree(dirfd int) error {
	if err := unix.Syncfs(dirfd); err != nil {
		return fmt.Errorf("syncfs: %w", err)
	}
	return nil
}
