package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// probeResult is what an idle connection to a target has come to.
type probeResult uint8

const (
	probeSilent      probeResult = iota
	probeUnsolicited             // there are bytes that nobody asked for
	probeUnusable                // or cannot be used for another reason
)

// probe looks, without waiting, whether an idle connection is still one: what arrives
// before a request is written cannot be its answer, but would be taken for it.
type probe struct {
	tls      *tls.Conn
	raw      syscall.RawConn
	peekFunc func(fd uintptr) // made once, for it is called for each request
	result   probeResult
}

func (p *probe) attach(c net.Conn) {
	p.tls, _ = c.(*tls.Conn)
	if p.tls != nil {
		c = p.tls.NetConn()
	}
	if sc, ok := c.(syscall.Conn); ok {
		p.raw, _ = sc.SyscallConn()
	}
	p.peekFunc = p.peek
}

func (p *probe) peek(fd uintptr) {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		p.result = probeSilent
	case err == nil && n > 0:
		p.result = probeUnsolicited
	default:
		p.result = probeUnusable
	}
}

// check asks the kernel and, before it, what TLS has read ahead.
func (p *probe) check() probeResult {
	if p.tls != nil {
		if q := p.decrypted(); q != probeSilent {
			return q
		}
	}
	if p.raw == nil || p.raw.Control(p.peekFunc) != nil {
		return probeUnusable
	}
	if p.tls != nil && p.result == probeUnsolicited {
		return probeUnusable // a record, of whatever kind
	}
	return p.result
}

// untaken says that bytes which were written have not arrived: at the kernel of the other side or,
// over a Unix socket, at the application.
func (p *probe) untaken() bool {
	if p.raw == nil {
		return false
	}
	n := 0
	err := p.raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return err != nil || n > 0
}

// decrypted reads what needs no call of the kernel: the deadline has passed.
func (p *probe) decrypted() probeResult {
	var b [1]byte
	p.tls.SetReadDeadline(longAgo)
	n, err := p.tls.Read(b[:])
	p.tls.SetReadDeadline(time.Time{})
	switch {
	case n > 0:
		return probeUnsolicited
	case isTimeout(err):
		return probeSilent
	}
	return probeUnusable
}
