package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"
)

// quiet is what an idle connection to a target has come to.
type quiet uint8

const (
	silent quiet = iota
	spoke        // there are bytes that nobody asked for
	ended        // or cannot be used for another reason
)

// probe looks, without waiting, whether an idle connection is still one: what arrives
// before a request is written cannot be its answer, but would be taken for it.
type probe struct {
	tls    *tls.Conn
	raw    syscall.RawConn
	look   func(fd uintptr) // made once, for it is called for each request
	result quiet
}

func (p *probe) of(c net.Conn) {
	p.tls, _ = c.(*tls.Conn)
	if p.tls != nil {
		c = p.tls.NetConn()
	}
	if sc, ok := c.(syscall.Conn); ok {
		p.raw, _ = sc.SyscallConn()
	}
	p.look = p.peek
}

func (p *probe) peek(fd uintptr) {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		p.result = silent
	case err == nil && n > 0:
		p.result = spoke
	default:
		p.result = ended
	}
}

// state asks the kernel and, before it, what TLS has read ahead.
func (p *probe) state() quiet {
	if p.tls != nil {
		if q := p.decrypted(); q != silent {
			return q
		}
	}
	if p.raw == nil || p.raw.Control(p.look) != nil {
		return ended
	}
	if p.tls != nil && p.result == spoke {
		return ended // a record, of whatever kind
	}
	return p.result
}

// decrypted reads what needs no call of the kernel: the deadline has passed.
func (p *probe) decrypted() quiet {
	var b [1]byte
	p.tls.SetReadDeadline(past)
	n, err := p.tls.Read(b[:])
	p.tls.SetReadDeadline(time.Time{})
	switch {
	case n > 0:
		return spoke
	case isTimeout(err):
		return silent
	}
	return ended
}
