package upload

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/internal/disk"
)

// session is one upload, open or verified.
type session struct {
	dir    string
	limits Limits
	quota  *quota

	hashing sync.Mutex // guards digest; taken before mu
	digest  *digest
	hashed  atomic.Int64 // chunks

	mu        sync.Mutex // guards the fields that follow
	record    record
	data      *os.File
	unordered *os.File // data before it was rewritten; a reader may still be on it
	journal   *journal
	chunks    map[int]chunk
	stride    int64 // length of all chunks but the last, 0: not known yet
	pioneer   bool  // chunk 0 is on its way and will fix the stride
	bytes     int64 // acknowledged or being written
	active    map[int]*transfer
	closed    bool
	lastByte  time.Time
}

const (
	dataName    = "data"
	orderedName = "data.ordered"
	journalName = "journal"
)

// sessionInodes are the folder, its record, which is replaced by another, data and journal.
const sessionInodes = 5

func (s *session) sidePath(index int) string {
	return filepath.Join(s.dir, "chunk-"+strconv.Itoa(index))
}

// newSession makes the folder; the promise is durable before the first byte.
func newSession(dir string, r record, limits Limits, p *quota) (*session, error) {
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return nil, disk.NoSpace(err)
	}
	r.Format, r.CreatedAt = recordFormat, time.Now().UTC()
	if err := r.write(dir); err != nil {
		return nil, disk.NoSpace(err)
	}
	s, err := openSession(dir, limits, p)
	if err != nil {
		return nil, err
	}
	return s, errors.Join(atomicfile.SyncDir(dir), atomicfile.SyncDir(filepath.Dir(dir)))
}

// openSession reads a folder back.
func openSession(dir string, limits Limits, p *quota) (*session, error) {
	r, err := readRecord(dir)
	if err != nil {
		return nil, err
	}
	s := &session{
		dir: dir, limits: limits, quota: p, record: r, digest: newDigest(r.Header),
		active: map[int]*transfer{}, lastByte: r.CreatedAt,
	}
	if r.Error != "" {
		s.closed = true
		return s, nil
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(disk.NoSpace(err), s.closeFiles())
	}
	p.keep(r.Owner, s.bytes)
	return s, nil
}

func (s *session) load() (err error) {
	name := dataName
	if s.record.File != "" {
		name = s.record.File
	}
	if s.data, err = os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	path := filepath.Join(s.dir, journalName)
	if info, err := os.Stat(path); err == nil {
		s.lastByte = info.ModTime()
	}
	if s.chunks, err = replay(path, s.intact); err != nil {
		return err
	}
	if s.record.Appending {
		dropHoles(s.chunks)
	}
	for _, c := range s.chunks {
		s.bytes += c.length
		s.learnStride(c)
	}
	if s.verified() {
		s.inOrder()
		return nil
	}
	s.journal, err = openJournal(path)
	return err
}

// learnStride takes the stride from where a chunk lies, not from its length.
func (s *session) learnStride(c chunk) {
	if c.index > 0 && c.place > 0 {
		s.stride = c.place / int64(c.index)
	} else if c.index == 0 && c.place == 0 && s.stride == 0 && s.record.Total > 1 {
		s.stride = c.length
	}
}

// dropHoles keeps what is contiguous from the start: an offset can say no more.
func dropHoles(chunks map[int]chunk) {
	n := 0
	for _, ok := chunks[n]; ok; _, ok = chunks[n] {
		n++
	}
	maps.DeleteFunc(chunks, func(i int, _ chunk) bool { return i >= n })
}

// inOrder gives every chunk of a verified file its final place.
func (s *session) inOrder() {
	place := int64(0)
	for i := range len(s.chunks) {
		c := s.chunks[i]
		c.place = place
		place += c.length
		s.chunks[i] = c
	}
}

func (s *session) verified() bool { return s.record.File != "" }

// content is an acknowledged chunk's bytes.
type content struct {
	io.Reader
	close func() error
}

// open finds chunk index and its bytes in one step: a finishing upload moves both.
func (s *session) open(index int) (content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.chunks[index]
	if !ok || s.closed {
		return content{}, ErrNotFound
	}
	return s.bytesOf(c)
}

func (s *session) bytesOf(c chunk) (content, error) {
	if c.place != elsewhere {
		return content{io.NewSectionReader(s.data, c.place, c.length), func() error { return nil }}, nil
	}
	f, err := os.Open(s.sidePath(c.index))
	if err != nil {
		return content{}, err
	}
	return content{io.LimitReader(f, c.length), f.Close}, nil
}

// reserve counts bytes against the limit before they are written.
func (s *session) reserve(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.limits.MaxSize
	if l := s.record.Length; l >= 0 && s.bytes+n > l {
		return fmt.Errorf("%w: more than %d bytes were sent", ErrLength, l)
	}
	if s.bytes+n > most {
		return &TooLargeError{Limit: most}
	}
	if err := s.quota.take(s.record.Owner, n); err != nil {
		return err
	}
	s.bytes += n
	return nil
}

func (s *session) free(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= n
	s.quota.keep(s.record.Owner, -n)
}

func (s *session) chunk(index int) (chunk, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.chunks[index]
	return c, ok
}

func (s *session) closeFiles() error {
	var err error
	for _, f := range []*os.File{s.data, s.unordered} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	return err
}
