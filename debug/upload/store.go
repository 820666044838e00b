package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/disk"
)

var idPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Store holds at most one upload for each id. It is safe for concurrent use.
type Store struct {
	dir    string
	limits Limits
	quota  *quota
	work   chan *session // hints: something may be hashed

	mu       sync.Mutex // guards sessions
	sessions map[string]*session
}

// Open reads every upload below dir back. One that cannot be read is logged and
// removed: its client begins anew.
func Open(dir string, limits Limits) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("uploads: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("uploads: %w", err)
	}
	s := &Store{
		dir: dir, limits: limits, quota: newQuota(limits),
		work: make(chan *session, 64), sessions: map[string]*session{},
	}
	for _, e := range entries {
		if err := s.reopen(e.Name()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Store) reopen(name string) error {
	path := filepath.Join(s.dir, name)
	one, err := openSession(path, s.limits, s.quota)
	if err == nil && idPattern.MatchString(name) {
		s.sessions[name] = one
		s.hint(one) // what is there need not wait for what is missing
		return nil
	}
	if errors.Is(err, disk.ErrNoSpace) {
		return fmt.Errorf("uploads: %w", err)
	}
	slog.Warn("upload could not be read and is removed", "path", path, "error", err)
	return os.RemoveAll(path)
}

// Run hashes what has arrived, beside the requests, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case one := <-s.work:
			if err := one.follow(); err != nil {
				slog.Warn("upload could not be hashed yet", "path", one.dir, "error", err)
			}
		}
	}
}

func (s *Store) hint(one *session) {
	select {
	case s.work <- one:
	default: // the last chunk's request hashes what is left
	}
}

// MaxChunks is the limit that clients are told.
func (s *Store) MaxChunks() int { return s.limits.MaxChunks }

// MaxSize is the limit in bytes that clients are told.
func (s *Store) MaxSize() int64 { return s.limits.MaxSize }

// MaxAge is how long an upload may rest.
func (s *Store) MaxAge() time.Duration { return s.limits.MaxAge }

// Receive takes chunk index of the upload that h describes. The chunk is durable when
// it returns. Finish must follow.
func (s *Store) Receive(id string, h Header, index int, body io.Reader) error {
	one, err := s.enter(id, h)
	if err != nil {
		return err
	}
	if err := one.receive(index, body); err != nil {
		return err
	}
	s.hint(one)
	return one.keepUp()
}

// Finish verifies the hashes if every chunk is there; only then completed is true. A
// SHA-256 in h that was not promised before is one more promise.
func (s *Store) Finish(id string, h Header) (completed bool, err error) {
	one, err := s.find(id)
	if err != nil {
		return false, err
	}
	if err := one.promise(h.SHA256); err != nil {
		return false, err
	}
	return one.finish()
}

// Spool keeps what r holds in a file without a name, for a client that says only
// afterwards which chunk it was.
func (s *Store) Spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp(s.dir, ".spool-*")
	if err != nil {
		return nil, disk.NoSpace(err)
	}
	limited := &io.LimitedReader{R: r, N: s.limits.MaxSize + 1}
	err = os.Remove(f.Name())
	for err == nil {
		if err = disk.Check(s.dir, disk.Room{}, s.limits.Free); err == nil {
			_, err = io.CopyN(f, limited, checkEvery)
		}
	}
	err = ignoreEOF(err)
	if err == nil && limited.N == 0 {
		err = &TooLargeError{Limit: s.limits.MaxSize}
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, disk.NoSpace(errors.Join(err, f.Close()))
	}
	return f, nil
}

// enter finds the open session or begins one. A verified upload of another file
// makes room; one of the same file is entered again, its chunks are compared.
func (s *Store) enter(id string, h Header) (*session, error) {
	h.Length = -1
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.sessions[id]
	if old == nil {
		return s.begin(id, record{Header: h})
	}
	same, open := old.matches(h)
	switch {
	case same:
		return old, nil
	case open:
		return nil, fmt.Errorf("%w: totalChunks, fileHash or sha256 differs", ErrConflict)
	}
	return s.replace(id, old, record{Header: h})
}

func (s *Store) replace(id string, old *session, r record) (*session, error) {
	delete(s.sessions, id)
	if err := old.discard(); err != nil {
		return nil, err
	}
	return s.begin(id, r)
}

func (s *Store) begin(id string, r record) (*session, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("%w: invalid id %q", ErrNotFound, id)
	}
	if r.Length > s.limits.MaxSize {
		return nil, &TooLargeError{Limit: s.limits.MaxSize}
	}
	if err := disk.Check(s.dir, disk.Room{Bytes: max(r.Length, 0), Inodes: sessionInodes}, s.limits.Free); err != nil {
		return nil, err
	}
	one, err := newSession(filepath.Join(s.dir, id), r, s.limits, s.quota)
	if err != nil {
		return nil, err
	}
	s.sessions[id] = one
	return one, nil
}

// Create begins an upload by appending; whatever was there is replaced.
func (s *Store) Create(id string, h Header) error {
	h.Total = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.sessions[id]; old != nil {
		_, err := s.replace(id, old, record{Header: h, Appending: true})
		return err
	}
	_, err := s.begin(id, record{Header: h, Appending: true})
	return err
}

// Append adds body at offset and returns the status after it, also with an error.
// length is what the client says the whole will have, -1: nothing. After the last
// append the hashes are verified.
func (s *Store) Append(id string, offset, length int64, last bool, body io.Reader) (Status, error) {
	one, err := s.find(id)
	if err != nil {
		return Status{}, err
	}
	if length >= 0 {
		err = one.setLength(length)
	}
	if err == nil {
		_, err = one.append(offset, body, s.arrived(one, body))
	}
	if err == nil && last {
		err = one.setComplete()
	}
	if err == nil && last {
		_, err = one.finish()
	}
	return one.status(), err
}

// watcher is a body that wants to know how much of it is on disk.
type watcher interface{ Durable(offset int64) }

// arrived lets hashing begin before the last piece is there.
func (s *Store) arrived(one *session, body io.Reader) func(durable int64) {
	w, watched := body.(watcher)
	return func(durable int64) {
		s.hint(one)
		if watched {
			w.Durable(durable)
		}
	}
}

// Pause ends an append under way, so that the offset does not move any more.
func (s *Store) Pause(id string) {
	if one, err := s.find(id); err == nil {
		one.pause()
	}
}

// Status is the state of the upload, or ErrNotFound.
func (s *Store) Status(id string) (Status, error) {
	one, err := s.find(id)
	if err != nil {
		return Status{}, err
	}
	return one.status(), nil
}

// Package is the path of a verified upload. Without one it is ErrNotFound or
// ErrIncomplete. A finish that a crash interrupted is made up for.
func (s *Store) Package(id string) (path string, st Status, err error) {
	one, err := s.find(id)
	if err != nil {
		return "", st, err
	}
	if _, err := one.finish(); err != nil {
		return "", st, err
	}
	if st = one.status(); !st.Completed {
		return "", st, ErrIncomplete
	}
	return one.path(), st, nil
}

func (s *Store) find(id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[id]
	if one == nil {
		return nil, ErrNotFound
	}
	return one, nil
}

// Discard ends the upload's transfers and removes it.
func (s *Store) Discard(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[id]
	if one == nil {
		return nil
	}
	delete(s.sessions, id)
	return one.discard()
}

// Sweep removes the uploads whose last byte is older than MaxAge.
func (s *Store) Sweep(now time.Time) (removed []string, err error) {
	for _, id := range s.idle(now) {
		err = errors.Join(err, s.Discard(id))
		removed = append(removed, id)
	}
	return removed, err
}

func (s *Store) idle(now time.Time) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.sessions {
		if now.Sub(one.lastActivity()) > s.limits.MaxAge {
			ids = append(ids, id)
		}
	}
	return ids
}
