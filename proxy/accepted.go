package proxy

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// errEvicted ends the handshake of a connection that was evicted.
var errEvicted = errors.New("the connection was closed to make room for another")

// accepted is a client's connection from when it was accepted until it is closed: first
// the handshake, then conn or h2Conn serves it.
type accepted struct {
	net.Conn
	server       *Server
	key          fairshare.Key
	slot         *fairshare.Slot
	opened       uint64    // tick of the deadline loop's clock
	handshakeEnd time.Time // deadline of the handshake
	inHandshake  bool      // has a slot of Server.handshakes; the handshake's goroutine alone uses it
	sniffs       bool      // TLS is expected, and has not begun; that goroutine's alone, as sniffed
	sniffed      []byte    // what came in its place

	protocol atomic.Pointer[protocolConn] // who serves it; nil: the handshake is not over
	once     sync.Once
	evicted  chan struct{} // closed by evict
}

// protocolConn is what serves a connection.
type protocolConn interface {
	fairshare.Member
	evict(evictMode)
}

// evictMode is how a connection is evicted.
type evictMode uint8

const (
	evictNow         evictMode = iota // without a word
	evictAfterNotice                  // the client is told, where the protocol can, and has a moment
	evictGracefully                   // the client is told; a request that has begun to arrive is answered
)

// Priority says how much would be lost with the connection.
func (a *accepted) Priority() fairshare.Priority {
	if by := a.protocol.Load(); by != nil {
		return (*by).Priority()
	}
	return a.server.silentPriority(a.opened)
}

func (a *accepted) evict(m evictMode) {
	a.once.Do(func() { close(a.evicted) })
	if by := a.protocol.Load(); by != nil {
		(*by).evict(m)
		return
	}
	a.Conn.Close()
}

// handOver hands the connection over after the handshake.
func (a *accepted) handOver(by protocolConn) { a.protocol.Store(&by) }

// release comes after the connection has been closed.
func (a *accepted) release() {
	a.slot.Release()
	a.server.conns.Add(-1)
}

// beginHandshake waits for a slot for the costly part of the handshake. It is given back with
// the next wait for the client, or by endHandshake.
func (a *accepted) beginHandshake() error {
	if a.inHandshake {
		return nil
	}
	a.inHandshake = a.server.handshakes.Acquire(a.key, a.evicted)
	if !a.inHandshake || time.Now().After(a.handshakeEnd) {
		a.endHandshake()
		return errEvicted
	}
	return nil
}

func (a *accepted) endHandshake() {
	if a.inHandshake {
		a.inHandshake = false
		a.server.handshakes.Release()
	}
}

func (a *accepted) Read(p []byte) (int, error) {
	a.endHandshake()
	n, err := a.Conn.Read(p)
	if a.sniffs {
		a.sniff(p[:n])
	}
	return n, err
}

// rawOf is the connection below TLS and what we put around it.
func rawOf(nc net.Conn) net.Conn {
	for {
		switch c := nc.(type) {
		case *accepted:
			return c.Conn
		case interface{ NetConn() net.Conn }:
			nc = c.NetConn()
		default:
			return nc
		}
	}
}
