package proxy

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// upstream is one connection to a target, used by one request at a time.
type upstream struct {
	net.Conn
	r           *h1.Reader
	head        h1.Head
	used        bool // has carried a request before
	heard       bool // a head has come over it
	since       time.Time
	probe       probe
	interrupted atomic.Bool // a wait for it was ended
}

func newUpstream(c net.Conn) *upstream {
	u := &upstream{Conn: c, r: h1.NewResponseReader(c)}
	u.probe.attach(c)
	return u
}

// interrupt ends what waits for the connection, which is of no use afterwards.
func (u *upstream) interrupt() {
	u.interrupted.Store(true)
	u.SetDeadline(longAgo)
}

// readHead reads the next response head into u.head.
func (u *upstream) readHead(lim h1.Limits) error {
	b, err := u.r.Head(h1.Large, lim)
	if errors.Is(err, h1.ErrTooLarge) {
		return fmt.Errorf("%w (proxy.max_header_bytes is %d)", err, lim.MaxBytes)
	}
	if err != nil {
		return err
	}
	if err := u.head.ParseResponse(b); err != nil {
		return err
	}
	u.r.Consume(len(b))
	u.heard = true
	return nil
}

// silent says that nothing of an answer has come, not even a part of its head.
func (u *upstream) silent() bool { return !u.heard && len(u.r.Buffered()) == 0 }

// reusable says that the response has ended for certain. One without content by its
// status or method has not: an application that sends content all the same, a moment
// later, is a common mistake, and what it sends would answer somebody else.
func (u *upstream) reusable(method string, body *h1.Body) bool {
	return body.Done() && !body.EndsConnection() && !u.head.Close && len(u.r.Buffered()) == 0 &&
		!u.head.Contentless(method)
}
