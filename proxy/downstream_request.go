package proxy

import (
	"strings"

	"github.com/nexushub/nexushub/proxy/h1"
)

// The request side of an HTTP/1.x connection.

func (c *conn) appendFields(dst []byte, x *exchange) []byte {
	for i := range c.msg.Fields {
		f := &c.msg.Fields[i]
		switch {
		case f.Hop || !x.forwardsField(f.ID):
		case f.ID == h1.Cookie:
			dst = x.appendCookie(dst, f.Value)
		default:
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	if c.msg.Trailers {
		dst = append(dst, "TE: trailers\r\n"...)
	}
	return dst
}

func (c *conn) accept() string {
	var all []string
	for i := range c.msg.Fields {
		if f := &c.msg.Fields[i]; f.ID == h1.Accept {
			all = append(all, string(f.Value))
		}
	}
	return strings.Join(all, ",")
}

func (c *conn) target(s *sticky) *target {
	for i := range c.msg.Fields {
		if f := &c.msg.Fields[i]; f.ID == h1.Cookie {
			if t := targetIn(s, f.Value); t != nil {
				return t
			}
		}
	}
	return nil
}

func (c *conn) bodyLength() int64 {
	if c.msg.Chunked {
		return -1
	}
	return max(c.msg.Length, 0)
}

func (c *conn) ready() bool { return c.body.Ready(c.r) }

func (c *conn) read() ([]byte, error) {
	waits := !c.body.Ready(c.r)
	if waits {
		c.setReading(true)
	}
	p, err := c.body.Next(c.r)
	if waits {
		c.setReading(false)
	}
	if c.body.Done() {
		c.state.set(bodyRead)
	}
	return p, err
}

func (c *conn) trailers() []h1.Field { return c.body.Trailers.Fields }

func (c *conn) expectsContinue() bool { return c.state.has(awaitsContinue) }

func (c *conn) proceed() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.state.has(responseStarted) {
		return nil
	}
	return c.putLocked([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

func (c *conn) stopReading() {
	c.mu.Lock()
	c.net.SetReadDeadline(longAgo)
	c.mu.Unlock()
}

// reuseString returns b as a string, the old one when it is the same.
func reuseString(old string, b []byte) string {
	if old == string(b) {
		return old
	}
	return string(b)
}
