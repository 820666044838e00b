package h1

import (
	"bytes"
	"errors"
	"io"
)

type bodyKind uint8

const (
	noBody bodyKind = iota
	lengthBody
	chunkedBody
	closeBody
)

// Longest chunk-size line with its extensions, which mean nothing to us, most bytes of
// extensions that are more than the data that they come with, and most trailers.
const (
	maxChunkLine = 256
	maxOverhead  = 64 << 10
	maxTrailers  = 32
)

// Body decodes one message body out of a Reader, without copying it.
type Body struct {
	kind      bodyKind
	remaining int64 // of the body or the chunk
	inChunk   bool  // the CRLF after the chunk's data is still due
	done      bool
	overhead  int64 // bytes of extensions beyond those of data

	Trailers Head // after the end of a chunked body
}

// Body returns the body that follows a request head.
func (h *Head) Body() Body {
	switch {
	case h.Chunked:
		return Body{kind: chunkedBody}
	case h.Length > 0:
		return Body{kind: lengthBody, remaining: h.Length}
	}
	return Body{}
}

// UntilClose is a response body that ends with its connection.
func UntilClose() Body { return Body{kind: closeBody} }

// Empty says that there is no body at all.
func (b *Body) Empty() bool { return b.kind == noBody || (b.kind == lengthBody && b.remaining == 0) }

// Chunked says that the length is not known beforehand.
func (b *Body) Chunked() bool { return b.kind == chunkedBody || b.kind == closeBody }

// EndsConnection says that only the end of the connection ends the body.
func (b *Body) EndsConnection() bool { return b.kind == closeBody }

// Done says that the body was read to its end.
func (b *Body) Done() bool { return b.done || b.Empty() }

// Ready says that Next can answer without waiting for the network.
func (b *Body) Ready(r *Reader) bool {
	if b.Done() {
		return true
	}
	buf := r.Buffered()
	if b.kind != chunkedBody || (b.remaining > 0 && len(buf) > 0) {
		return len(buf) > 0
	}
	if b.inChunk {
		if len(buf) < 2 {
			return false
		}
		buf = buf[2:]
	}
	i := bytes.IndexByte(buf, '\n')
	return i >= 0 && (len(buf) > i+1 && buf[0] != '0' || bytes.Contains(buf, []byte("\r\n\r\n")))
}

// Next returns the next piece of the body, io.EOF after the last. The piece lies in
// the Reader's buffer and is valid until the next call.
func (b *Body) Next(r *Reader) ([]byte, error) {
	switch b.kind {
	case lengthBody:
		return b.nextLength(r)
	case chunkedBody:
		return b.nextChunk(r)
	case closeBody:
		return b.nextUntilClose(r)
	}
	return nil, io.EOF
}

func (b *Body) nextLength(r *Reader) ([]byte, error) {
	if b.remaining == 0 {
		b.done = true
		return nil, io.EOF
	}
	p, err := b.take(r)
	if err == nil && b.remaining == 0 {
		b.done = true
	}
	return p, err
}

// take returns up to remaining bytes.
func (b *Body) take(r *Reader) ([]byte, error) {
	if len(r.Buffered()) == 0 {
		if err := r.Fill(Large, Large); err != nil {
			return nil, unexpected(err)
		}
	}
	p := r.Buffered()
	if int64(len(p)) > b.remaining {
		p = p[:b.remaining]
	}
	r.Consume(len(p))
	b.remaining -= int64(len(p))
	return p, nil
}

func (b *Body) nextUntilClose(r *Reader) ([]byte, error) {
	if len(r.Buffered()) == 0 {
		if err := r.Fill(Large, Large); err != nil {
			b.done = errors.Is(err, io.EOF)
			return nil, err
		}
	}
	p := r.Buffered()
	r.Consume(len(p))
	return p, nil
}

func (b *Body) nextChunk(r *Reader) ([]byte, error) {
	if b.done {
		return nil, io.EOF
	}
	if b.remaining == 0 {
		if err := b.chunkLine(r); err != nil {
			return nil, err
		}
	}
	if b.done {
		return nil, io.EOF
	}
	return b.take(r)
}

// chunkLine reads the line before a chunk's data, after the last chunk the trailers.
func (b *Body) chunkLine(r *Reader) error {
	if b.inChunk {
		end, err := b.need(r, 2)
		if err != nil {
			return err
		}
		if end[0] != '\r' || end[1] != '\n' {
			return ErrChunk
		}
		r.Consume(2)
		b.inChunk = false
	}
	text, err := b.line(r)
	if err != nil {
		return err
	}
	size, err := chunkSize(text)
	if err != nil {
		return err
	}
	b.overhead = max(0, b.overhead+int64(len(text)-hexLen(text))-size)
	if b.overhead > maxOverhead {
		return ErrChunk
	}
	if size == 0 {
		return b.trailers(r)
	}
	b.remaining, b.inChunk = size, true
	return nil
}

func (b *Body) need(r *Reader, n int) ([]byte, error) {
	for len(r.Buffered()) < n {
		if err := r.Fill(Large, Large); err != nil {
			return nil, unexpected(err)
		}
	}
	return r.Buffered()[:n], nil
}

// line takes the chunk-size line.
func (b *Body) line(r *Reader) ([]byte, error) {
	for {
		buf := r.Buffered()
		if i := bytes.IndexByte(buf, '\n'); i >= 0 {
			text, _, err := line(buf[:i+1])
			if err != nil || i > maxChunkLine {
				return nil, ErrChunk
			}
			r.Consume(i + 1)
			return text, nil
		}
		if len(buf) > maxChunkLine {
			return nil, ErrChunk
		}
		if err := r.Fill(Large, Large); err != nil {
			return nil, unexpected(err)
		}
	}
}

func hexLen(text []byte) int {
	n := 0
	for n < len(text) && class[text[n]]&hexChar != 0 {
		n++
	}
	return n
}

// chunkSize reads 1 to 15 hexadecimal digits, then nothing or an extension.
func chunkSize(text []byte) (int64, error) {
	n := hexLen(text)
	if n == 0 || n > 15 {
		return 0, ErrChunk
	}
	if n < len(text) {
		if rest := trim(text[n:]); len(rest) == 0 || rest[0] != ';' || !all(rest, valueChar) {
			return 0, ErrChunk
		}
	}
	var size int64
	for _, c := range text[:n] {
		size = size<<4 | int64(unhex(c))
	}
	return size, nil
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

func (b *Body) trailers(r *Reader) error {
	end, err := b.trailerEnd(r)
	if err != nil {
		return err
	}
	b.Trailers.reset()
	// The section outlives the Reader's buffer, which the next message will use.
	section := append([]byte(nil), r.Buffered()[:end]...)
	if err := b.Trailers.fields(section, maxTrailers); err != nil {
		return ErrTrailer
	}
	for _, f := range b.Trailers.Fields {
		if f.ID.framing() || f.ID == Authorization || f.ID == Cookie {
			return ErrTrailer
		}
	}
	r.Consume(end)
	b.done = true
	return nil
}

func (b *Body) trailerEnd(r *Reader) (int, error) {
	seen := 0
	for {
		buf := r.Buffered()
		if len(buf) >= 2 && buf[0] == '\r' && buf[1] == '\n' {
			return 2, nil
		}
		end, s, err := End(buf, seen)
		if err != nil {
			return 0, ErrTrailer
		}
		if end > 0 {
			return end, nil
		}
		seen = s
		if err := r.Fill(Large, Large); err != nil {
			if errors.Is(err, ErrTooLarge) {
				return 0, ErrTrailer
			}
			return 0, unexpected(err)
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
