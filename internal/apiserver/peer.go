package apiserver

import (
	"context"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
)

// Peer is who is at the other end of the socket, as the kernel says (SO_PEERCRED).
type Peer struct {
	UID uint32
	PID int32
}

type peerKey struct{}

// PeerOf is who sent the request. A connection that cannot be asked has no peer, and a
// request without one must have no rights.
func PeerOf(r *http.Request) (p Peer, ok bool) {
	p, ok = r.Context().Value(peerKey{}).(Peer)
	return p, ok
}

// WithPeer makes p the peer of what is asked with the context.
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// askPeer asks the kernel once per connection.
func askPeer(ctx context.Context, c net.Conn) context.Context {
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return ctx
	}
	var cred *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil || failed != nil {
		return ctx
	}
	return WithPeer(ctx, Peer{UID: cred.Uid, PID: cred.Pid})
}
