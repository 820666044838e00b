package proxy

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// errEvicted ends the handshake of a connection that is not wanted any more.
var errEvicted = errors.New("the connection gave way to another one")

// accepted is a client's connection from when it was accepted until it is closed: first
// it shakes hands, then conn or http2Conn serves it.
type accepted struct {
	net.Conn
	server       *Server
	key          fairshare.Key
	slot         *fairshare.Slot
	opened       uint64    // tick of the watcher's clock
	handshakeEnd time.Time // the handshake has
	inHandshake  bool      // has one, of the handshake's goroutine

	protocol atomic.Pointer[protocolConn] // by whom; nil: it shakes hands
	once     sync.Once
	evicted  chan struct{} // closed: it gave way
}

// protocolConn is what serves a connection.
type protocolConn interface {
	fairshare.Member
	evict(evictMode)
}

// evictMode is how a connection gives way.
type evictMode uint8

const (
	evictNow         evictMode = iota // nobody is told
	evictAfterNotice                  // its client is told, where the protocol has a word for that, and a moment later it ends
	evictGracefully                   // its client is told; what has begun to arrive meanwhile is answered
)

// Priority says what would be lost with the connection.
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

// beginHandshake waits for the handshake's turn of the processor. It ends with the next wait for
// the client, or with endTurn.
func (a *accepted) beginHandshake() error {
	if a.inHandshake {
		return nil
	}
	if a.inHandshake = a.server.handshakes.Acquire(a.key, a.evicted); !a.inHandshake || time.Now().After(a.handshakeEnd) {
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
	return a.Conn.Read(p)
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
