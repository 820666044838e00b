package proxy

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// goAwayAll is a GOAWAY frame that refuses no request: the last stream that will be
// processed is the last that there can be (RFC 9113 section 6.8).
const goAwayAll = "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00"

// A PING right behind it is answered when the client has seen the GOAWAY. The
// eight bytes of payload tell the answer from others.
const (
	ping    = "\x00\x00\x08\x06\x00\x00\x00\x00\x00"
	pingAck = "\x00\x00\x08\x06\x01\x00\x00\x00\x00"
)

// goAwayWriteTimeout bounds the writing of a frame that few clients wait for.
const goAwayWriteTimeout = time.Second

// h2FrameConn is the connection below an HTTP/2 server. It follows the frames of both sides,
// so that a frame of our own can be put between two of them, or in place of one.
type h2FrameConn struct {
	*tls.Conn
	goAwayDue  atomic.Bool // GOAWAY is to be sent
	goAwaySent atomic.Bool // it has been
	pingAcked  atomic.Bool // the client has answered the PING behind it

	ping pingWait  // set before goAwayDue; afterwards the reader's alone
	in   frameSkip // the reader's alone

	responded atomic.Bool  // a response has gone out whole, or a stream was reset
	ended     atomic.Int64 // responses that have gone out whole
	lingering h2Lingering

	mu      sync.Mutex // guards writes and the fields that follow
	held    []byte     // the beginning of a frame, which waits for its rest
	payload int        // still to come
	started bool
	inHead  bool   // a header block is not complete: no frame may come between
	resets  []byte // frames of our own that are due

	deadlineMu    sync.Mutex // guards the write deadline
	writeDeadline time.Time  // that of the HTTP/2 server
}

// newH2FrameConn expects the client's preface.
func newH2FrameConn(tc *tls.Conn, clock *atomic.Uint64) *h2FrameConn {
	return &h2FrameConn{
		Conn: tc, in: frameSkip{skip: len(http2.ClientPreface)}, lingering: h2Lingering{clock: clock},
	}
}

func (c *h2FrameConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.Conn.Write(c.follow(p)); err != nil {
		return 0, err
	}
	c.sendOwnLocked()
	return len(p), nil
}

func (c *h2FrameConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.each(p[:n], c.lingering.heard)
	if n > 0 && c.goAwayDue.Load() && !c.pingAcked.Load() && c.ping.acked(p[:n]) {
		c.pingAcked.Store(true)
	}
	return n, err
}

// pingWait waits for the answer to a PING.
type pingWait struct {
	payload string
	tail    []byte // of what was read last
}

// acked says that the answer ends in p, the bytes just read.
func (w *pingWait) acked(p []byte) bool {
	answer := []byte(pingAck + w.payload)
	seen := append(w.tail, p...)
	w.tail = bytes.Clone(seen[max(0, len(seen)-len(answer)+1):])
	return bytes.Contains(seen, answer)
}

// SetWriteDeadline bounds the server's next write, also one that waits for goAway.
func (c *h2FrameConn) SetWriteDeadline(t time.Time) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.writeDeadline = t
	return c.Conn.SetWriteDeadline(t)
}

// goAway sends the frame now or, when a frame is on its way, behind it.
func (c *h2FrameConn) goAway() {
	c.ping.payload = rand.Text()[:8]
	c.goAwayDue.Store(true)
	c.sendOwn(nil, goAwayWriteTimeout)
}

// endLingering resets streams that have had their time.
func (c *h2FrameConn) endLingering(streams []uint32, timeout time.Duration) {
	var frames []byte
	for _, id := range streams {
		frames = appendReset(frames, id, http2.ErrCodeNo)
	}
	c.sendOwn(frames, timeout)
}

// sendOwn sends what is due of our own.
func (c *h2FrameConn) sendOwn(resets []byte, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets = append(c.resets, resets...)
	c.Conn.SetWriteDeadline(time.Now().Add(timeout))
	c.sendOwnLocked()
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.Conn.SetWriteDeadline(c.writeDeadline)
}

// sendOwnLocked comes after the first frame, which must be SETTINGS.
func (c *h2FrameConn) sendOwnLocked() {
	if !c.started || c.inHead || c.payload > 0 {
		return
	}
	if c.goAwayDue.Load() && !c.goAwaySent.Load() {
		c.Conn.Write([]byte(goAwayAll + ping + c.ping.payload)) //nolint:errcheck // the next write will know
		c.goAwaySent.Store(true)
	}
	if len(c.resets) > 0 {
		c.Conn.Write(c.resets) //nolint:errcheck // the same
		c.resets = nil
	}
}

// follow keeps track of the frames in what is to be sent, and returns what is sent of it now: as
// it is, but for the resets that lingering streams are spared, and without the beginning of
// a frame at its end that may be such a reset.
func (c *h2FrameConn) follow(p []byte) []byte {
	mine := len(c.held) > 0 // p is what its caller may not see changed
	if mine {
		p = append(c.held, p...)
		c.held = nil
	}
	for i := 0; ; {
		n := min(len(p)-i, c.payload)
		c.payload -= n
		i += n
		if i == len(p) {
			return p
		}
		h, whole := frameAt(p[i:])
		if !whole {
			c.held = bytes.Clone(p[i:])
			return p[:i]
		}
		if w := c.windowInstead(h, p[i:]); w > 0 {
			if !mine {
				p, mine = bytes.Clone(p), true
			}
			appendWindowUpdate(p[:i], h.stream(), w)
			h = frameHead(p[i:])
		}
		c.sends(h)
		i += len(h)
	}
}

// windowInstead is insteadOfReset of a frame, 0 when it is no reset.
func (c *h2FrameConn) windowInstead(h frameHead, frame []byte) uint32 {
	if h.kind() != http2.FrameRSTStream {
		return 0
	}
	code := binary.BigEndian.Uint32(frame[len(h):])
	return c.lingering.insteadOfReset(h.stream(), http2.ErrCode(code))
}

// sends notes that a frame begins.
func (c *h2FrameConn) sends(h frameHead) {
	c.payload, c.started = h.length(), true
	if h.kind() == http2.FrameHeaders || h.kind() == http2.FrameContinuation {
		c.inHead = !h.flags().Has(http2.FlagHeadersEndHeaders)
	}
	if h.endsStream() {
		if h.kind() != http2.FrameRSTStream {
			c.ended.Add(1)
		}
		c.responded.Store(true) // its payload is still to come, and no frame of ours goes before it
	}
}
