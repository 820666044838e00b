package proxy

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// frameHead is what a frame of HTTP/2 begins with (RFC 9113 section 4.1).
type frameHead [9]byte

func (h frameHead) length() int           { return int(h[0])<<16 | int(h[1])<<8 | int(h[2]) }
func (h frameHead) kind() http2.FrameType { return http2.FrameType(h[3]) }
func (h frameHead) flags() http2.Flags    { return http2.Flags(h[4]) }
func (h frameHead) stream() uint32        { return binary.BigEndian.Uint32(h[5:]) &^ (1 << 31) }

// endsStream says that the frame is the last of its stream on its side: RST_STREAM, or HEADERS
// or DATA with END_STREAM.
func (h frameHead) endsStream() bool {
	carries := h.kind() == http2.FrameHeaders || h.kind() == http2.FrameData
	return h.kind() == http2.FrameRSTStream || carries && h.flags().Has(http2.FlagDataEndStream)
}

// frameAt returns the head of the frame that p begins with, and whether it is there with all
// that is looked at: of RST_STREAM, also the reason.
func frameAt(p []byte) (h frameHead, whole bool) {
	if copy(h[:], p) < len(h) {
		return h, false
	}
	return h, h.kind() != http2.FrameRSTStream || len(p) >= len(h)+4
}

// frameSkip finds the heads in bytes that come in pieces.
type frameSkip struct {
	skip int // bytes before the next head
	head frameHead
	have int // bytes of it
}

// each calls f for every head that is complete now.
func (s *frameSkip) each(p []byte, f func(frameHead)) {
	for len(p) > 0 {
		if s.skip > 0 {
			n := min(s.skip, len(p))
			s.skip -= n
			p = p[n:]
			continue
		}
		n := copy(s.head[s.have:], p)
		s.have += n
		p = p[n:]
		if s.have == len(s.head) {
			f(s.head)
			s.have, s.skip = 0, s.head.length()
		}
	}
}
