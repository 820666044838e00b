package proxy

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// upstream is one connection to a target, used by one request at a time.
type upstream struct {
	net.Conn
	r     *h1.Reader
	head  h1.Head
	used  bool // has carried a request before
	since time.Time
}

func newUpstream(c net.Conn) *upstream {
	return &upstream{Conn: c, r: h1.NewReader(c)}
}

// alive looks, without waiting, whether the peer has closed an idle connection or
// sent something that nobody asked for.
func (u *upstream) alive() bool {
	sc, ok := u.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	alive := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		alive = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && alive
}

// readHead reads the next response head into u.head.
func (u *upstream) readHead(lim h1.Limits) error {
	b, err := u.r.Head(h1.Large, lim)
	if err != nil {
		return err
	}
	if err := u.head.ParseResponse(b, lim); err != nil {
		return err
	}
	u.r.Consume(len(b))
	return nil
}

// stale says that an error on a reused connection means: the peer had closed it
// before it saw the request.
func stale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
