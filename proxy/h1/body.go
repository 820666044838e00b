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
	loose     bool  // of a response: some of its framing was mended
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

// EndsConnection says that the connection carries nothing behind the body, because only its
// end ends the body, or the framing was mended.
func (b *Body) EndsConnection() bool { return b.kind == closeBody || b.loose }

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
		n, err := r.lineEnd(buf)
		if n == 0 {
			return err != nil
		}
		buf = buf[n:]
	}
	text, n, _, err := r.chunkLine(buf)
	if err != nil || n == 0 {
		return err != nil
	}
	size, err := r.chunkSize(text)
	if err != nil || size > 0 {
		return err != nil || len(buf) > n
	}
	end, _, err := r.trailerEnd(buf[n:], 0)
	return err != nil || end > 0
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
		if err := b.nextSize(r); err != nil {
			return nil, err
		}
	}
	if b.done {
		return nil, io.EOF
	}
	return b.take(r)
}

// nextSize reads the line before a chunk's data, after the last chunk the trailers.
func (b *Body) nextSize(r *Reader) error {
	if b.inChunk {
		if err := b.endChunk(r); err != nil {
			return err
		}
	}
	text, err := b.line(r)
	if err != nil {
		return err
	}
	size, err := r.chunkSize(text)
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

// endChunk takes the line end behind a chunk's data.
func (b *Body) endChunk(r *Reader) error {
	for {
		n, err := r.lineEnd(r.Buffered())
		if err != nil {
			return err
		}
		if n > 0 {
			r.Consume(n)
			b.inChunk, b.loose = false, b.loose || n == 1
			return nil
		}
		if err := r.Fill(Large, Large); err != nil {
			return unexpected(err)
		}
	}
}

// line takes the chunk-size line.
func (b *Body) line(r *Reader) ([]byte, error) {
	for {
		text, n, plain, err := r.chunkLine(r.Buffered())
		if err != nil {
			return nil, err
		}
		if n > 0 {
			r.Consume(n)
			b.loose = b.loose || !plain
			return text, nil
		}
		if err := r.Fill(Large, Large); err != nil {
			return nil, unexpected(err)
		}
	}
}

// lineEnd says how long the line end is that buf begins with, 0 when it is not there yet.
func (r *Reader) lineEnd(buf []byte) (n int, err error) {
	switch {
	case len(buf) > 0 && buf[0] == '\n' && r.responses:
		return 1, nil
	case len(buf) > 0 && buf[0] != '\r', len(buf) > 1 && buf[1] != '\n':
		return 0, ErrChunk
	case len(buf) < 2:
		return 0, nil
	}
	return 2, nil
}

// chunkLine returns the chunk-size line that buf begins with and its length, 0 when it is not
// there whole.
func (r *Reader) chunkLine(buf []byte) (text []byte, n int, plain bool, err error) {
	if len(buf) > 0 && class[buf[0]]&hexChar == 0 {
		return nil, 0, false, ErrChunk
	}
	i := bytes.IndexByte(buf, '\n')
	if i > maxChunkLine || (i < 0 && len(buf) > maxChunkLine) {
		return nil, 0, false, ErrChunk
	}
	if i < 0 {
		return nil, 0, false, nil
	}
	text, _, plain = looseLine(buf[:i+1])
	if !plain && !r.responses {
		return nil, 0, false, ErrChunk
	}
	return text, i + 1, plain, nil
}

func hexLen(text []byte) int {
	n := 0
	for n < len(text) && class[text[n]]&hexChar != 0 {
		n++
	}
	return n
}

// chunkSize reads 1 to 15 hexadecimal digits, then nothing or an extension. Of a response the
// size may be padded, with zeros before and blanks behind it.
func (r *Reader) chunkSize(text []byte) (int64, error) {
	n := hexLen(text)
	digits, rest := text[:n], text[n:]
	if r.responses {
		digits, rest = bytes.TrimLeft(digits, "0"), trim(rest)
	}
	if n == 0 || len(digits) > 15 {
		return 0, ErrChunk
	}
	if len(rest) > 0 {
		if rest = trim(rest); len(rest) == 0 || rest[0] != ';' || !all(rest, valueChar) {
			return 0, ErrChunk
		}
	}
	var size int64
	for _, c := range digits {
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
	end, err := b.awaitTrailers(r)
	if err != nil {
		return err
	}
	// The section outlives the Reader's buffer, which the next message will use.
	section := append([]byte(nil), r.Buffered()[:end]...)
	if err := b.parseTrailers(section, r.responses); err != nil {
		return err
	}
	r.Consume(end)
	b.done = true
	return nil
}

// parseTrailers refuses what only a head may say, and ignores it in a response.
func (b *Body) parseTrailers(section []byte, ofResponse bool) error {
	b.Trailers.reset()
	if ofResponse {
		loose, err := b.Trailers.looseFields(section, maxTrailers)
		b.loose = b.loose || loose
		if err != nil {
			return ErrTrailer
		}
		return nil
	}
	if err := b.Trailers.fields(section, maxTrailers); err != nil {
		return ErrTrailer
	}
	for _, f := range b.Trailers.Fields {
		if f.ID.framing() || f.ID == Authorization || f.ID == Cookie {
			return ErrTrailer
		}
	}
	return nil
}

func (b *Body) awaitTrailers(r *Reader) (int, error) {
	seen := 0
	for {
		end, s, err := r.trailerEnd(r.Buffered(), seen)
		if err != nil || end > 0 {
			return end, err
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

// trailerEnd finds the end of the trailers that buf begins with, 0 when it is not there.
func (r *Reader) trailerEnd(buf []byte, from int) (end, seen int, err error) {
	switch {
	case len(buf) >= 2 && buf[0] == '\r' && buf[1] == '\n':
		return 2, 0, nil
	case len(buf) >= 1 && buf[0] == '\n' && r.responses:
		return 1, 0, nil
	case r.responses:
		end, seen = looseEnd(buf, from)
		return end, seen, nil
	}
	if end, seen, err = End(buf, from); err != nil {
		err = ErrTrailer
	}
	return end, seen, err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
