package proxy

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// The response side of an HTTP/1.x connection.

func (c *conn) inform(h *h1.Head) error {
	if c.msg.Minor == 0 {
		return nil
	}
	out := appendStatus(h1.Get(h1.Small)[:0], h.Status, h.Reason)
	out = appendResponseFields(out, h)
	out = append(out, "\r\n"...)
	err := c.put(out)
	h1.Put(out)
	return err
}

func (c *conn) start(h *h1.Head, length int64, x *exchange) error {
	c.startResponse()
	if c.server.isStopping() || c.state.has(evicted) || !c.state.has(bodyRead) {
		c.state.set(closesAfter)
	}
	dst := appendStatus(c.buffer(), h.Status, h.Reason)
	dst = appendResponseFields(dst, h)
	if h.Get(h1.Date) == nil {
		dst = appendField(dst, "Date", c.server.date())
	}
	dst = append(dst, "X-Trace-ID: "...)
	dst = append(appendTrace(dst, x.trace), "\r\n"...)
	c.out = append(c.appendLength(dst, h, length), "\r\n"...)
	return nil
}

// startResponse notes that the final response begins: no "100 Continue" may follow.
func (c *conn) startResponse() {
	if c.state.has(awaitsContinue) {
		c.writing.Lock()
		defer c.writing.Unlock()
	}
	c.state.set(responseStarted)
}

// appendLength says where the response ends and whether the connection does.
func (c *conn) appendLength(dst []byte, h *h1.Head, length int64) []byte {
	bodiless := h.Status == 204 || h.Status == 304 || c.x.req.method == "HEAD"
	switch {
	case length >= 0 && h.Status != 204:
		dst = append(dst, "Content-Length: "...)
		dst = append(strconv.AppendInt(dst, length, 10), "\r\n"...)
	case bodiless:
	case c.msg.Minor == 1:
		c.state.set(responseChunked)
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	default:
		c.state.set(closesAfter)
	}
	if c.state.has(closesAfter) {
		return append(dst, "Connection: close\r\n"...)
	}
	if c.msg.Minor == 0 {
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

func (c *conn) buffer() []byte {
	if c.out == nil {
		c.out = h1.Get(h1.Large)[:0]
	}
	return c.out
}

// room for a chunk's frame.
const chunkFrame = 32

func (c *conn) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if len(c.out)+len(p)+chunkFrame > h1.Large {
		if err := c.flush(); err != nil {
			return err
		}
		if !c.state.has(responseChunked) {
			return c.send(p)
		}
	}
	if c.state.has(responseChunked) {
		c.out = appendChunk(c.buffer(), p)
	} else {
		c.out = append(c.buffer(), p...)
	}
	return nil
}

func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	err := c.send(c.out)
	c.dropOut()
	return err
}

func (c *conn) send(p []byte) error {
	c.state.set(responseLeft)
	c.waiting.set(waitNone, 0) // the target need not be heard meanwhile
	return c.put(p)
}

// put is every write to the client: none waits for it without end.
func (c *conn) put(p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.putLocked(p)
}

func (c *conn) putLocked(p []byte) error {
	c.sending.set(waitWrite, c.server.opt.StallTimeout)
	defer c.sending.set(waitNone, 0)
	_, err := c.net.Write(p)
	return err
}

func (c *conn) dropOut() {
	if c.out != nil {
		h1.Put(c.out)
		c.out = nil
	}
}

func (c *conn) end(trailers []h1.Field) error {
	if c.state.has(responseChunked) {
		c.out = appendLastChunk(c.buffer(), trailers)
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.state.set(responseComplete)
	return nil
}

func (c *conn) abort() {
	c.state.clear(responseComplete | closesAfter)
	c.dropOut()
}

func (c *conn) retract() bool {
	if c.state.has(responseLeft) {
		return false
	}
	c.dropOut()
	c.state.clear(responseStarted | responseChunked)
	return true
}

func (c *conn) hijack(h *h1.Head, _ *exchange) (net.Conn, []byte, error) {
	out := appendStatus(h1.Get(h1.Small)[:0], h.Status, h.Reason)
	out = appendResponseFields(out, h)
	out = append(out, "Connection: Upgrade\r\nUpgrade: "...)
	out = append(out, h.Upgrade...)
	out = append(out, "\r\n\r\n"...)
	c.waiting.set(waitNone, 0)
	err := c.put(out)
	h1.Put(out)
	if err != nil {
		return nil, nil, err
	}
	early := append([]byte(nil), c.r.Buffered()...)
	c.r.Consume(len(early))
	c.r.Release()
	c.state.set(hijacked | responseComplete)
	return c.net, early, nil
}

func appendStatus(dst []byte, status int, reason []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	if len(reason) > 0 {
		dst = append(dst, reason...)
	} else {
		dst = append(dst, http.StatusText(status)...)
	}
	return append(dst, "\r\n"...)
}

func appendResponseFields(dst []byte, h *h1.Head) []byte {
	for i := range h.Fields {
		if f := &h.Fields[i]; returnsField(f) {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return dst
}

// date is the value of the Date header, made once a second.
func (s *Server) date() string {
	now := time.Now()
	if d := s.dateCache.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &dateValue{second: now.Unix(), text: now.UTC().Format(http.TimeFormat)}
	s.dateCache.Store(d)
	return d.text
}

type dateValue struct {
	second int64
	text   string
}
