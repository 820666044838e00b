package upload

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/nexushub/nexushub/internal/disk"
)

// interrupter is a body whose hanging Read can be ended from outside.
type interrupter interface{ Interrupt() }

// receive takes one chunk, durable when it returns. A chunk that is there already is
// compared instead of written.
func (s *session) receive(index int, body io.Reader) error {
	t, err := s.begin(index, body)
	if err != nil {
		return err
	}
	defer s.end(t)
	if _, ok := s.chunk(index); ok {
		return s.compare(index, body)
	}
	if err := s.prepare(t); err != nil {
		return err
	}
	if err := t.copy(body); err != nil {
		return s.fail(t, err)
	}
	return s.commit(t)
}

// begin registers the transfer; one for the same index that is still there has lost
// its client and is ended first.
func (s *session) begin(index int, body io.Reader) (*transfer, error) {
	t := &transfer{s: s, index: index, interrupt: func() {}, done: make(chan struct{})}
	if b, ok := body.(interrupter); ok {
		t.interrupt = b.Interrupt
	}
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrNotFound
		}
		old := s.active[index]
		if old == nil {
			s.active[index] = t
			s.mu.Unlock()
			return t, nil
		}
		old.superseded = true
		s.mu.Unlock()
		old.interrupt()
		<-old.done
	}
}

func (s *session) end(t *transfer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, t.index)
	if t.pioneer {
		s.pioneer = false
	}
	close(t.done)
}

// prepare chooses the place of a new chunk.
func (s *session) prepare(t *transfer) error {
	if err := disk.Check(s.dir, disk.Room{Inodes: 1}, s.limits.Free); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stride > 0 && int64(t.index+1)*s.stride <= s.limits.MaxSize+s.stride:
		t.place, t.room = int64(t.index)*s.stride, s.stride
	case t.index == 0 && !s.pioneer:
		t.place, t.room, t.pioneer, s.pioneer = 0, -1, true, true
	default:
		t.place = elsewhere
		return disk.NoSpace(t.openSide())
	}
	return nil
}

// commit makes the chunk durable and part of the upload.
func (s *session) commit(t *transfer) error {
	c := chunk{index: t.index, length: t.length, place: t.place, crc: t.crc}
	if err := errors.Join(t.sync(c), t.close()); err != nil {
		return s.fail(t, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks[c.index] = c
	s.lastByte = time.Now()
	last := c.index == s.record.Total-1
	if s.stride == 0 && !last && (t.pioneer || !s.pioneer) {
		s.stride = c.length
	}
	return nil
}

// fail forgets a transfer that did not end well; its bytes are overwritten later.
func (s *session) fail(t *transfer, err error) error {
	s.free(t.length)
	if s.isStolen(t) {
		err = fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return errors.Join(err, t.close())
}

// isStolen is true once a newer request wants to do what t does.
func (s *session) isStolen(t *transfer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.superseded
}

// compare accepts a chunk that came before if it is the same, byte for byte.
func (s *session) compare(index int, body io.Reader) error {
	stored, err := s.open(index)
	if err != nil {
		return err
	}
	same, err := equal(stored, body)
	if err := errors.Join(err, stored.close()); err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("%w: chunk %d was received before with other bytes", ErrConflict, index)
	}
	return nil
}

func equal(stored, body io.Reader) (bool, error) {
	a, b := buffers.Get().(*[]byte), buffers.Get().(*[]byte)
	defer buffers.Put(a)
	defer buffers.Put(b)
	for {
		n, end := fill(body, *b)
		if end != nil && end != io.EOF {
			return false, end
		}
		m, err := fill(stored, (*a)[:max(n, 1)]) // one more byte than nothing, to see the end
		if err != nil && err != io.EOF {
			return false, err
		}
		if n != m || !bytes.Equal((*a)[:m], (*b)[:n]) {
			return false, nil
		}
		if n == 0 {
			return true, nil
		}
	}
}

// intact says whether a chunk's data is what its journal line promises.
func (s *session) intact(c chunk) bool {
	r, err := s.bytesOf(c)
	if err != nil {
		return false
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, r)
	return errors.Join(err, r.close()) == nil && n == c.length && sum.Sum32() == c.crc
}
