package upload

import (
	"fmt"
	"io"
)

// appending is the index that all appending transfers share: there is one at a time.
const appending = -1

// commitEvery bounds what a killed agent loses of one long append.
const commitEvery = 16 << 20

// append takes body at offset and returns the offset that is durable, also with an
// error: what arrived before a connection was cut stays. While a piece is made durable
// the next one arrives. arrived is called with the new offset after each piece.
func (s *session) append(offset int64, body io.Reader, arrived func(durable int64)) (int64, error) {
	t, err := s.begin(appending, body)
	if err != nil {
		return 0, err
	}
	defer s.end(t)
	durable, index, err := s.appendable(offset)
	if err != nil {
		return durable, err
	}
	before := func() error { return nil } // waits until the piece before is durable
	for at, end := durable, error(nil); ; index++ {
		var piece *transfer
		if end == nil {
			piece, end = s.takePiece(t, index, at, body)
		}
		if err := before(); err != nil {
			s.drop(piece)
			return durable, err
		}
		durable = at
		if piece == nil {
			return durable, ignoreEOF(end)
		}
		at += piece.length
		before = s.commitBeside(piece, arrived)
	}
}

// takePiece writes up to commitEvery bytes. The piece is nil if none came, the error
// is io.EOF behind the last.
func (s *session) takePiece(t *transfer, index int, at int64, body io.Reader) (*transfer, error) {
	piece := &transfer{s: s, index: index, place: at, room: -1}
	limited := &io.LimitedReader{R: body, N: commitEvery}
	err := piece.copy(limited)
	if err == nil && limited.N > 0 {
		err = io.EOF
	}
	if s.isStolen(t) && err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	if piece.length == 0 {
		return nil, err
	}
	return piece, err
}

// commitBeside makes a piece durable while its caller goes on; done waits for it.
func (s *session) commitBeside(piece *transfer, arrived func(durable int64)) (done func() error) {
	committed := make(chan error, 1)
	go func() { committed <- s.commit(piece) }()
	return func() error {
		err := <-committed
		if err == nil {
			arrived(piece.place + piece.length)
		}
		return err
	}
}

// drop gives up a piece behind one that could not be made durable.
func (s *session) drop(piece *transfer) {
	if piece != nil {
		s.free(piece.length)
	}
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// appendable refuses what must not be appended to, or not here. It says where the next
// piece begins and which it is.
func (s *session) appendable(offset int64) (at int64, index int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.verified() || s.complete():
		err = ErrCompleted
	case !s.record.Appending:
		err = fmt.Errorf("%w: it is sent in numbered chunks", ErrConflict)
	case offset != s.bytes:
		err = &OffsetError{Expected: s.bytes, Provided: offset}
	case len(s.chunks) >= s.limits.MaxChunks:
		err = &TooManyError{Limit: s.limits.MaxChunks}
	}
	return s.bytes, len(s.chunks), err
}

// complete is true once an appending client has said that this was all.
func (s *session) complete() bool {
	return s.record.Total > 0 && len(s.chunks) == s.record.Total
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
		return fmt.Errorf("%w: complete at %d bytes, announced %d", ErrLength, s.bytes, l)
	}
	if len(s.chunks) == 0 {
		return ErrEmpty
	}
	r := s.record
	r.Total, r.Length = len(s.chunks), s.bytes
	if err := r.write(s.dir); err != nil {
		return err
	}
	s.record = r
	return nil
}
