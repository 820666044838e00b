package h1

import (
	"errors"
	"io"
)

// Reader is the read side of a connection. Its buffer is borrowed from a pool and
// held only while the connection is busy.
type Reader struct {
	src  io.Reader
	buf  []byte
	r, w int
	seen int // head bytes already scanned
	one  [1]byte

	responses bool // which are read less strictly
}

// NewReader reads requests from src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// NewResponseReader reads responses from src.
func NewResponseReader(src io.Reader) *Reader { return &Reader{src: src, responses: true} }

// Buffered returns what has been read and not consumed.
func (r *Reader) Buffered() []byte { return r.buf[r.r:r.w] }

// Consume takes n bytes off the front.
func (r *Reader) Consume(n int) { r.r += n }

// Wait blocks until there is a byte to read, without holding a buffer meanwhile.
func (r *Reader) Wait(size int) error {
	if r.r < r.w {
		return nil
	}
	r.Release()
	n, err := r.src.Read(r.one[:])
	if n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		return err
	}
	r.buf = Get(size)
	r.buf[0] = r.one[0]
	r.r, r.w = 0, 1
	return nil
}

// Unread puts bytes that somebody else has read before everything that is still to come. Nothing
// may have been read yet, and p fits into a large buffer.
func (r *Reader) Unread(p []byte) {
	r.buf = Get(Large)
	r.r, r.w = 0, copy(r.buf, p)
}

// Fill reads more behind what is buffered, first making room: it moves the rest to
// the front or, up to max bytes, takes a larger buffer.
func (r *Reader) Fill(size, max int) error {
	switch {
	case r.buf == nil:
		r.buf = Get(size)
	case r.r == r.w:
		r.r, r.w = 0, 0
		r.upgrade(size)
	case r.w == len(r.buf) && r.r > 0:
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w == len(r.buf) {
		if len(r.buf) >= max {
			return ErrTooLarge
		}
		r.grow(max)
	}
	n, err := r.src.Read(r.buf[r.w:])
	r.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// upgrade swaps an empty buffer for one of the asked size.
func (r *Reader) upgrade(size int) {
	if len(r.buf) < size {
		Put(r.buf)
		r.buf = Get(size)
	}
}

func (r *Reader) grow(max int) {
	n := min(2*len(r.buf), max)
	b := make([]byte, n)
	r.w = copy(b, r.buf[r.r:r.w])
	r.r = 0
	Put(r.buf)
	r.buf = b
}

// Release gives an empty buffer back.
func (r *Reader) Release() {
	if r.r == r.w && r.buf != nil {
		Put(r.buf)
		r.buf, r.r, r.w = nil, 0, 0
	}
}

// Head reads until a whole head is buffered and returns it; the caller parses it and
// then consumes it. One empty line before it is skipped (RFC 9112 section 2.2).
func (r *Reader) Head(size int, lim Limits) ([]byte, error) {
	r.seen = 0
	skipped := r.skipEmptyLine()
	for {
		end, seen, err := r.end()
		if err != nil {
			return nil, err
		}
		if end > lim.MaxBytes {
			return nil, ErrTooLarge
		}
		if end > 0 {
			return r.Buffered()[:end], nil
		}
		if seen == 0 && !r.responses && r.w-r.r > lim.MaxTarget+64 {
			return nil, ErrTooLong
		}
		r.seen = seen
		if err := r.Fill(size, lim.MaxBytes); err != nil {
			return nil, r.cut(err)
		}
		if r.seen == 0 && !skipped {
			skipped = r.skipEmptyLine()
		}
	}
}

// end finds the end of the head that is buffered. What does not begin as a response is none,
// and its end is not waited for.
func (r *Reader) end() (end, seen int, err error) {
	b := r.Buffered()
	if !r.responses {
		return End(b, r.seen)
	}
	const begins = "HTTP/"
	if n := min(len(b), len(begins)); string(b[:n]) != begins[:n] && string(b) != "\r" {
		return 0, 0, ErrStatusLine
	}
	end, seen = looseEnd(b, r.seen)
	return end, seen, nil
}

func (r *Reader) skipEmptyLine() bool {
	b := r.Buffered()
	switch {
	case len(b) >= 2 && b[0] == '\r' && b[1] == '\n':
		r.r += 2
	case len(b) >= 1 && b[0] == '\n' && r.responses:
		r.r++
	default:
		return false
	}
	return true
}

// cut turns an end in the middle of a head into io.ErrUnexpectedEOF.
func (r *Reader) cut(err error) error {
	if errors.Is(err, io.EOF) && r.w > r.r {
		return io.ErrUnexpectedEOF
	}
	return err
}
