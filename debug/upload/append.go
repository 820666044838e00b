package upload

import (
	"errors"
	"fmt"
	"io"
)

// appending is the index that all appending transfers share: there is one at a time.
const appending = -1

// commitEvery bounds what a killed agent loses of one long append.
const commitEvery = 16 << 20

// append takes body at offset and returns the offset that is durable, also with an
// error: what arrived before a connection was cut stays. arrived is called for each
// piece, so that hashing need not wait for the last.
func (s *session) append(offset int64, body io.Reader, arrived func()) (int64, error) {
	t, err := s.begin(appending, body)
	if err != nil {
		return 0, err
	}
	defer s.end(t)
	at, err := s.appendable(offset)
	for err == nil {
		var n int64
		n, err = s.appendPiece(t, at, body)
		at += n
		arrived()
	}
	if err == io.EOF {
		err = nil
	}
	return at, err
}

// appendable refuses what must not be appended to, or not here.
func (s *session) appendable(offset int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.verified() || s.complete():
		return s.bytes, ErrCompleted
	case !s.record.Appending:
		return s.bytes, fmt.Errorf("%w: it comes in numbered chunks", ErrConflict)
	case offset != s.bytes:
		return s.bytes, &OffsetError{Expected: s.bytes, Provided: offset}
	}
	return s.bytes, nil
}

// complete is true once an appending client has said that this was all.
func (s *session) complete() bool {
	return s.record.Total > 0 && len(s.chunks) == s.record.Total
}

// appendPiece makes up to commitEvery bytes durable. Its error is io.EOF at the end
// of the body.
func (s *session) appendPiece(t *transfer, at int64, body io.Reader) (int64, error) {
	s.mu.Lock()
	piece := &transfer{s: s, index: len(s.chunks), place: at, room: -1}
	s.mu.Unlock()
	limited := &io.LimitedReader{R: body, N: commitEvery}
	err := piece.copy(limited)
	if err == nil && limited.N > 0 {
		err = io.EOF
	}
	if piece.length == 0 {
		return 0, err
	}
	if e := s.commit(piece); e != nil {
		return 0, e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.stolen && err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return piece.length, err
}

// setLength records the length that a client has said, once.
func (s *session) setLength(length int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record.Length == length {
		return nil
	}
	if s.record.Length >= 0 {
		return fmt.Errorf("%w: %d, it was %d", ErrLength, length, s.record.Length)
	}
	if length < s.bytes {
		return fmt.Errorf("%w: %d, there are %d bytes already", ErrLength, length, s.bytes)
	}
	if length > s.limits.MaxSize {
		return &TooLargeError{Limit: s.limits.MaxSize}
	}
	r := s.record
	r.Length = length
	if err := r.write(s.dir); err != nil {
		return err
	}
	s.record = r
	return nil
}

// setComplete records that an appending client has sent everything.
func (s *session) setComplete() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.record.Length; l >= 0 && l != s.bytes {
		return fmt.Errorf("%w: complete at %d bytes, promised %d", ErrLength, s.bytes, l)
	}
	if len(s.chunks) == 0 {
		return errors.New("an empty file cannot be completed")
	}
	r := s.record
	r.Total, r.Length = len(s.chunks), s.bytes
	if err := r.write(s.dir); err != nil {
		return err
	}
	s.record = r
	return nil
}
