package proxy

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
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

// h2FrameConn is the connection below an HTTP/2 server. It follows the frames that go out,
// so that a frame of our own can be put between two of them.
type h2FrameConn struct {
	*tls.Conn
	goAwayDue  atomic.Bool // GOAWAY is to be sent
	goAwaySent atomic.Bool // it has been
	pingAcked  atomic.Bool // the client has answered the PING behind it

	ping pingWait // set before goAwayDue; afterwards the reader's alone

	responded atomic.Bool  // a response has gone out whole, or a stream was reset
	ended     atomic.Int64 // responses that have gone out whole

	mu       sync.Mutex // guards writes and the fields that follow
	head     [9]byte
	headRead int // bytes of head
	payload  int // still to come
	started  bool

	deadlineMu    sync.Mutex // guards the write deadline
	writeDeadline time.Time  // that of the HTTP/2 server
}

func (c *h2FrameConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.Conn.Write(p)
	c.follow(p[:n])
	if err == nil {
		c.sendGoAwayLocked()
	}
	return n, err
}

func (c *h2FrameConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
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
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Conn.SetWriteDeadline(time.Now().Add(goAwayWriteTimeout))
	c.sendGoAwayLocked()
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.Conn.SetWriteDeadline(c.writeDeadline)
}

// sendGoAwayLocked comes after the first frame, which must be SETTINGS.
func (c *h2FrameConn) sendGoAwayLocked() {
	if c.goAwayDue.Load() && !c.goAwaySent.Load() && c.started && c.headRead == 0 && c.payload == 0 {
		c.Conn.Write([]byte(goAwayAll + ping + c.ping.payload)) //nolint:errcheck // the next write will know
		c.goAwaySent.Store(true)
	}
}

// follow keeps track of the frames in bytes that were sent.
func (c *h2FrameConn) follow(p []byte) {
	for len(p) > 0 {
		if c.payload > 0 {
			n := min(len(p), c.payload)
			c.payload -= n
			p = p[n:]
			continue
		}
		n := copy(c.head[c.headRead:], p)
		c.headRead += n
		p = p[n:]
		if c.headRead == len(c.head) {
			c.payload = int(c.head[0])<<16 | int(c.head[1])<<8 | int(c.head[2])
			c.headRead, c.started = 0, true
			if c.endsStream() {
				if http2.FrameType(c.head[3]) != http2.FrameRSTStream {
					c.ended.Add(1)
				}
				c.responded.Store(true) // its payload is still to come, and no frame of ours goes before it
			}
		}
	}
}

// endsStream says that the frame is the last of its stream: RST_STREAM, or HEADERS or DATA
// with END_STREAM.
func (c *h2FrameConn) endsStream() bool {
	kind, flags := http2.FrameType(c.head[3]), http2.Flags(c.head[4])
	carries := kind == http2.FrameHeaders || kind == http2.FrameData
	return kind == http2.FrameRSTStream || carries && flags.Has(http2.FlagDataEndStream)
}
