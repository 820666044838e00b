package upload

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/internal/disk"
)

// maxLag is how many chunks hashing may be behind what has arrived: what is behind is
// all that is left to do when the last chunk is there.
const maxLag = 4

// follow hashes the chunks that are contiguous by now.
func (s *session) follow() error {
	for {
		if more, err := s.hashNext(); err != nil || !more {
			return err
		}
	}
}

// keepUp makes a client that sends faster than its file can be hashed wait for the
// hash, and lends it a hand: where there is more to receive than to hash, receiving
// would take all the processors, and one of them would hash alone at the end.
func (s *session) keepUp() error {
	for s.lag() > maxLag {
		if more, err := s.hashNext(); err != nil || !more {
			return err
		}
	}
	return nil
}

func (s *session) lag() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.chunks) - int(s.hashed.Load())
}

// hashNext hashes one chunk, if the next one is there. Others come in between.
func (s *session) hashNext() (more bool, err error) {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	if _, done, _ := s.progress(); done {
		return false, nil // a chunk came again
	}
	return s.hashNextLocked()
}

func (s *session) hashNextLocked() (more bool, err error) {
	r, err := s.open(s.digest.next)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err = errors.Join(s.digest.add(r), r.close()); err != nil {
		promised, _, _ := s.progress()
		s.digest = newDigest(promised) // half a chunk may be in the old one
	}
	s.hashed.Store(int64(s.digest.next))
	return err == nil, err
}

func (s *session) hashRestLocked() error {
	for {
		if more, err := s.hashNextLocked(); err != nil || !more {
			return err
		}
	}
}

// promise records a SHA-256 that came late. One that contradicts is refused.
func (s *session) promise(sha string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sha == "" || sha == s.record.SHA256 || s.closed {
		return nil
	}
	if s.record.SHA256 != "" || s.verified() && sha != s.record.SHA256Sum {
		return fmt.Errorf("%w: sha256 differs", ErrConflict)
	}
	r := s.record
	r.SHA256 = sha
	if err := r.write(s.dir); err != nil {
		return disk.NoSpace(err)
	}
	s.record = r
	return nil
}

// finish verifies the hashes when all chunks are there and puts the file in order.
// It reports whether the upload is complete now. After a mismatch the upload is
// discarded and the error, ErrHash, stays in its status.
func (s *session) finish() (bool, error) {
	if _, done, all := s.progress(); done || !all {
		return done, nil // nobody waits for the hash of others
	}
	s.hashing.Lock()
	defer s.hashing.Unlock()
	promised, done, all := s.progress()
	if done || !all {
		return done, nil
	}
	if err := s.hashRestLocked(); err != nil {
		return false, err
	}
	if err := s.digest.verify(promised); err != nil {
		return false, errors.Join(err, s.reject(err))
	}
	ordered, size, err := s.order()
	if err == nil {
		err = s.accept(ordered, size)
	}
	return err == nil, disk.NoSpace(err)
}

func (s *session) progress() (promised Header, done, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Header, s.verified(), s.record.Total > 0 && len(s.chunks) == s.record.Total && !s.closed
}

// order makes one file of all chunks: mostly by cutting data to its length, else as
// a new file, which it returns.
func (s *session) order() (ordered *os.File, size int64, err error) {
	inPlace := true
	for i := range s.record.Total {
		c, _ := s.chunk(i)
		inPlace = inPlace && (c.place == elsewhere || c.place == size || c.length == 0)
		size += c.length
	}
	if !inPlace {
		ordered, err = s.rewrite()
		return ordered, size, err
	}
	return nil, size, s.fillIn(size)
}

// fillIn copies chunks from files of their own into the places left free for them.
func (s *session) fillIn(size int64) error {
	place := int64(0)
	for i := range s.record.Total {
		c, _ := s.chunk(i)
		if c.place == elsewhere {
			if err := s.copyTo(io.NewOffsetWriter(s.data, place), i); err != nil {
				return err
			}
		}
		place += c.length
	}
	return errors.Join(s.data.Truncate(size), s.data.Sync())
}

// rewrite copies all chunks in order to a new file.
func (s *session) rewrite() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, orderedName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	for i := range s.record.Total {
		if err := s.copyTo(f, i); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *session) copyTo(w io.Writer, index int) error {
	r, err := s.open(index)
	if err != nil {
		return err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, err = io.CopyBuffer(writeOnly{w}, r.Reader, *buf)
	return errors.Join(err, r.close())
}

// accept records the result and removes what is no longer needed.
func (s *session) accept(ordered *os.File, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record
	r.File, r.Size = dataName, size
	if ordered != nil {
		r.File = orderedName
	}
	r.MD5Sum, r.SHA256Sum = s.digest.sums()
	if err := r.write(s.dir); err != nil {
		return err
	}
	s.record = r
	err := s.removeSides()
	if ordered != nil {
		s.unordered, s.data = s.data, ordered
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, dataName)))
	}
	s.inOrder()
	return err
}

func (s *session) removeSides() error {
	var errs error
	for _, c := range s.chunks {
		if c.place == elsewhere {
			errs = errors.Join(errs, os.Remove(s.sidePath(c.index)))
		}
	}
	return errs
}

// reject empties the upload and keeps the reason for whoever asks for its status.
func (s *session) reject(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.record.Error = cause.Error()
	errs := errors.Join(s.record.write(s.dir), s.closeFiles())
	errs = errors.Join(errs, s.removeSides(),
		os.Remove(filepath.Join(s.dir, dataName)), os.Remove(filepath.Join(s.dir, journalName)))
	s.quota.keep(s.record.Owner, -s.bytes)
	s.chunks, s.bytes, s.data, s.journal = nil, 0, nil, nil
	return errs
}

// discard ends all transfers and removes the folder.
func (s *session) discard() error {
	s.shut()
	s.hashing.Lock() // wait for a hash in progress
	defer s.hashing.Unlock()
	err := errors.Join(s.closeFiles(), os.RemoveAll(s.dir))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.keep(s.record.Owner, -s.bytes)
	s.bytes = 0
	return err
}

// shut refuses new transfers and waits for the end of those under way.
func (s *session) shut() {
	s.mu.Lock()
	s.closed = true
	var active []*transfer
	for _, t := range s.active {
		t.superseded = true
		active = append(active, t)
	}
	s.mu.Unlock()
	for _, t := range active {
		t.interrupt()
		<-t.done
	}
}
