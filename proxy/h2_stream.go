package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/fairshare"
	"github.com/nexushub/nexushub/proxy/h1"
)

// h2Stream is one HTTP/2 request, as net/http's server hands it over.
type h2Stream struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	rc     *http.ResponseController

	abortable
	buf           []byte // piece of the body that read returned
	ended         bool
	length        int64
	trailerFields []h1.Field
	aborted       bool
	dirty         bool // head or bytes are written and not flushed
	unflushed     bool // bytes are

	status int    // of a response that has begun
	left   bool   // some of it is x/net's, which takes nothing back
	held   []byte // the beginning of its body until then

	opened          uint64      // tick of the deadline loop's clock
	responseStarted atomic.Bool // the answer has
	evictionSeen    bool        // it was evicted, and the deadline loop has ended it
}

// ServeHTTP answers one HTTP/2 request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &h2Stream{server: s, w: w, r: r, rc: http.NewResponseController(w), length: r.ContentLength}
	c.waiting.clock, c.sending.clock = &s.deadlines.clock, &s.deadlines.clock
	c.opened = s.deadlines.clock.Load()
	s.deadlines.add(c)
	defer s.deadlines.remove(c)
	x := &exchange{downstream: c, server: s, proto: r.Proto, peer: peerOf(r.RemoteAddr)}
	c.prepare(&x.req)
	if s.trusts(x.peer) {
		x.forwarded = forwarded{
			trusted: true, forwardedFor: strings.Join(r.Header.Values("X-Forwarded-For"), ", "),
			proto: r.Header.Get("X-Forwarded-Proto") != "", host: r.Header.Get("X-Forwarded-Host") != "",
		}
	}
	if bad := refusal(r, s.opt.Limits); bad != nil {
		s.reject(x, bad.Status, bad.Reason)
		return
	}
	slot := s.acquireStream(c, x)
	if slot == nil {
		s.reject(x, 503, tooManyRequests)
		return
	}
	defer slot.Release()
	s.handle(x)
	c.release()
	c.boundUnflushed()
	if c.aborted {
		panic(http.ErrAbortHandler) // net/http's way to reset a stream
	}
}

// tooManyRequests is what a client is told whose request got no slot, or lost it.
const tooManyRequests = "Too many requests are in progress at once."

// acquireStream gives the request a slot among all of HTTP/2, nil when it is refused.
func (s *Server) acquireStream(c *h2Stream, x *exchange) *fairshare.Slot {
	t := s.streamPool.Acquire(c, s.requester(x), fairshare.Key{})
	switch {
	case t.Slot == nil:
		s.evictions.streams.note(newcomer, t)
	case t.Victim != nil:
		s.evictions.streams.note(classNames[t.Priority.Class], t)
		t.Victim.(*h2Stream).evict()
	}
	return t.Slot
}

// refusal says why a request is refused that net/http lets pass and our HTTP/1.1 does not: a
// method may hold spaces there, and so a whole other request line.
func refusal(r *http.Request, lim h1.Limits) *h1.Error {
	lines := 0
	for _, values := range r.Header {
		lines += len(values)
	}
	switch {
	case !h1.ValidMethod(r.Method):
		return h1.ErrMethod
	case !h1.ValidTarget(r.RequestURI):
		return h1.ErrTarget
	case !h1.ValidHost(r.Host):
		return h1.ErrHost
	case !h1.ValidLength(r.Header["Content-Length"], r.ContentLength):
		return h1.ErrLength // or it announces a body after a head that ended the stream
	case lines > lim.MaxFields:
		return h1.ErrTooMany
	case len(r.Header["Authorization"]) > 1 || len(r.Header["X-Application-Id"]) > 1:
		return h1.ErrRepeated
	}
	return nil
}

func (c *h2Stream) prepare(q *request) {
	q.method = c.r.Method
	q.requestURI = c.r.RequestURI
	q.path = pathOf(q.requestURI)
	q.authority = c.r.Host
	q.bearer = bearerOf(c.r.Header.Get("Authorization"))
	q.applicationID = c.r.Header.Get("X-Application-Id")
	for _, v := range c.r.Header["Cookie"] {
		addCookies(q, v)
	}
	for name, id := range originFields {
		for _, v := range c.r.Header[name] {
			q.addOrigin(id, []byte(v))
		}
	}
	if c.r.TLS != nil {
		q.sni = c.r.TLS.ServerName
	}
}

func peerOf(remote string) netip.Addr {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return a.Addr().Unmap()
}

// release gives the buffers back.
func (c *h2Stream) release() {
	if c.buf != nil {
		h1.Put(c.buf)
	}
	c.dropHeld()
}

func (c *h2Stream) dropHeld() {
	if c.held != nil {
		h1.Put(c.held)
		c.held = nil
	}
}

// check is called by the deadline loop.
func (c *h2Stream) check() {
	c.endEvicted()
	if p, expired := c.sending.expired(); expired {
		c.expire(p, c.rc)
	}
	p, expired := c.waiting.expired()
	if expired {
		c.expire(p, c.rc)
		return
	}
	if p == waitUpstream && c.r.Context().Err() != nil {
		c.cancel()
	}
}

func (c *h2Stream) appendFields(dst []byte, x *exchange) []byte {
	for name, values := range c.r.Header {
		id := h1.NameOf([]byte(name))
		if id.Hop() || !x.forwardsField(id) || (id != h1.Other && strings.Contains(name, "_")) {
			continue
		}
		for _, v := range values {
			if id == h1.Cookie {
				dst = x.appendCookie(dst, []byte(v))
			} else {
				dst = appendField(dst, name, v)
			}
		}
	}
	if c.r.Header.Get("Te") == "trailers" {
		dst = append(dst, "TE: trailers\r\n"...)
	}
	return dst
}

func (c *h2Stream) accept() string { return strings.Join(c.r.Header["Accept"], ",") }

func (c *h2Stream) target(s *sticky) *target {
	for _, v := range c.r.Header["Cookie"] {
		if t := targetIn(s, v); t != nil {
			return t
		}
	}
	return nil
}

func (c *h2Stream) bodyLength() int64 { return c.length }

// ready is never sure: net/http does not say what has arrived.
func (c *h2Stream) ready() bool { return false }

func (c *h2Stream) read() ([]byte, error) {
	if c.ended {
		return nil, io.EOF
	}
	if c.buf == nil {
		c.buf = h1.Get(h1.Large)
	}
	c.setReading(true)
	n, err := c.r.Body.Read(c.buf)
	c.setReading(false)
	if errors.Is(err, io.EOF) {
		c.ended = true
		c.takeTrailers()
	}
	return c.buf[:n], err
}

func (c *h2Stream) takeTrailers() {
	for name, values := range c.r.Trailer {
		for _, v := range values {
			field := h1.Field{Name: []byte(name), Value: []byte(v), ID: h1.NameOf([]byte(name))}
			c.trailerFields = append(c.trailerFields, field)
		}
	}
}

func (c *h2Stream) trailers() []h1.Field { return c.trailerFields }

func (c *h2Stream) expectsContinue() bool {
	return c.length != 0 && strings.EqualFold(c.r.Header.Get("Expect"), "100-continue")
}

// proceed leaves "100 Continue" to net/http, which sends it with the first read.
func (c *h2Stream) proceed() error { return nil }

func (c *h2Stream) stopReading() { c.r.Body.Close() }

func (c *h2Stream) inform(h *h1.Head) error {
	header := c.w.Header()
	copyResponseFields(header, h)
	err := c.put(func() error {
		c.w.WriteHeader(h.Status)
		return c.r.Context().Err()
	})
	clear(header)
	return err
}

func (c *h2Stream) start(h *h1.Head, length int64, x *exchange) error {
	header := c.w.Header()
	copyResponseFields(header, h)
	if length >= 0 {
		header["Content-Length"] = []string{formatLength(length)}
	}
	if h.Get(h1.ContentType) == nil {
		header["Content-Type"] = nil // or x/net would guess one
	}
	header["X-Trace-Id"] = []string{x.trace.String()}
	c.responseStarted.Store(true)
	c.status, c.dirty = h.Status, true
	return nil
}

// leave gives x/net the head and what is held of the body.
func (c *h2Stream) leave() error {
	if c.left {
		return nil
	}
	c.left = true
	c.w.WriteHeader(c.status)
	clear(c.w.Header()) // or what Trailer names would be sent once more, behind the body
	if len(c.held) == 0 {
		return nil
	}
	defer c.dropHeld()
	return c.pass(c.held)
}

func (c *h2Stream) retract() bool {
	if c.left {
		return false
	}
	clear(c.w.Header())
	c.dropHeld()
	c.dirty = false
	c.responseStarted.Store(false)
	return true
}

func copyResponseFields(header http.Header, h *h1.Head) {
	for i := range h.Fields {
		if f := &h.Fields[i]; returnsField(f) {
			name := http.CanonicalHeaderKey(string(f.Name))
			header[name] = append(header[name], string(f.Value))
		}
	}
}

func (c *h2Stream) write(p []byte) error {
	if !c.left && len(c.held)+len(p) <= h1.Large {
		if c.held == nil {
			c.held = h1.Get(h1.Large)[:0]
		}
		c.held, c.dirty = append(c.held, p...), true
		return nil
	}
	if err := c.leave(); err != nil {
		return err
	}
	return c.pass(p)
}

// pass gives x/net a piece of the body.
func (c *h2Stream) pass(p []byte) error {
	c.dirty, c.unflushed = true, true
	c.waiting.set(waitNone, 0)
	return c.put(func() error {
		_, err := c.w.Write(p)
		return err
	})
}

// put is every write to the client: none waits for it without end.
func (c *h2Stream) put(write func() error) error {
	c.sending.set(waitWrite, c.server.opt.StallTimeout)
	defer c.sending.set(waitNone, 0)
	return write()
}

// boundUnflushed is for the bytes that x/net sends when the handler has returned: a client that
// opens no window for them would keep the stream, and so the connection, for ever.
func (c *h2Stream) boundUnflushed() {
	if c.unflushed {
		c.rc.SetWriteDeadline(time.Now().Add(c.server.opt.StallTimeout)) //nolint:errcheck // the stream is closed
	}
}

func (c *h2Stream) flush() error {
	if !c.dirty {
		return nil
	}
	if err := c.leave(); err != nil {
		return err
	}
	c.dirty, c.unflushed = false, false
	c.waiting.set(waitNone, 0)
	return c.put(c.rc.Flush)
}

func (c *h2Stream) end(trailers []h1.Field) error {
	if err := c.leave(); err != nil {
		return err
	}
	for i := range trailers {
		if f := &trailers[i]; f.ID == h1.Other {
			c.w.Header().Add(http.TrailerPrefix+string(f.Name), string(f.Value))
		}
	}
	return c.r.Context().Err()
}

// abort resets the stream, once the handler has returned.
func (c *h2Stream) abort() { c.aborted = true }

func (c *h2Stream) hijack(*h1.Head, *exchange) (net.Conn, []byte, error) {
	return nil, nil, errors.ErrUnsupported
}

func (c *h2Stream) local(h http.Handler, x *exchange) {
	c.responseStarted.Store(true)
	c.left = true
	w := &countingWriter{ResponseWriter: c.w, x: x, c: c}
	w.Header().Set("X-Trace-ID", x.trace.String())
	h.ServeHTTP(w, c.r)
	switch {
	case w.err != nil:
		x.cut(&clientError{err: w.err})
	case isShort(w.Header(), x):
		x.cut(errShortFile)
	}
}

// countingWriter notes status and size for the access log.
type countingWriter struct {
	http.ResponseWriter
	x   *exchange
	c   *h2Stream
	err error // of a write
}

func (w *countingWriter) WriteHeader(status int) {
	w.x.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.x.status == 0 {
		w.x.status = 200
	}
	if w.err = w.c.pass(p); w.err != nil {
		return 0, w.err
	}
	w.x.sent += int64(len(p))
	return len(p), nil
}

func formatLength(n int64) string { return strconv.FormatInt(n, 10) }
