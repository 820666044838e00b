package proxy

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/shares"
)

// errGaveWay ends the handshake of a connection that is not wanted any more.
var errGaveWay = errors.New("the connection gave way to another one")

// accepted is a client's connection from when it was accepted until it is closed: first
// it shakes hands, then conn or http2Conn serves it.
type accepted struct {
	net.Conn
	server *Server
	key    shares.Key
	seat   *shares.Seat
	opened uint64    // tick of the watcher's clock
	until  time.Time // the handshake has
	turn   bool      // has one, of the handshake's goroutine

	served atomic.Pointer[served] // by whom; nil: it shakes hands
	once   sync.Once
	gone   chan struct{} // closed: it gave way
}

// served is what serves a connection.
type served interface {
	shares.Member
	giveWay(manner)
}

// manner is how a connection gives way.
type manner uint8

const (
	atOnce      manner = iota // nobody is told
	afterNotice               // its client is told, where the protocol has a word for that, and a moment later it ends
	politely                  // its client is told; what has begun to arrive meanwhile is answered
)

// Worth says what would be lost with the connection.
func (a *accepted) Worth() shares.Worth {
	if by := a.served.Load(); by != nil {
		return (*by).Worth()
	}
	return a.server.silent(a.opened)
}

func (a *accepted) giveWay(m manner) {
	a.once.Do(func() { close(a.gone) })
	if by := a.served.Load(); by != nil {
		(*by).giveWay(m)
		return
	}
	a.Conn.Close()
}

// servedBy hands the connection over after the handshake.
func (a *accepted) servedBy(by served) { a.served.Store(&by) }

// end comes after the connection has been closed.
func (a *accepted) end() {
	a.seat.Leave()
	a.server.conns.Add(-1)
}

// takeTurn waits for the handshake's turn of the processor. It ends with the next wait for
// the client, or with endTurn.
func (a *accepted) takeTurn() error {
	if a.turn {
		return nil
	}
	if a.turn = a.server.turns.Wait(a.key, a.gone); !a.turn || time.Now().After(a.until) {
		a.endTurn()
		return errGaveWay
	}
	return nil
}

func (a *accepted) endTurn() {
	if a.turn {
		a.turn = false
		a.server.turns.Done()
	}
}

func (a *accepted) Read(p []byte) (int, error) {
	a.endTurn()
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
