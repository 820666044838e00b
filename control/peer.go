package control

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"golang.org/x/sys/unix"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

// peer is who is at the other end of the socket, by the kernel's word.
type peer struct {
	uid uint32
	pid int32
}

type peerKey struct{}

// withPeer asks once per connection. A connection that cannot be asked has no peer,
// and no rights.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return ctx
	}
	var cred *unix.Ucred
	err = raw.Control(func(fd uintptr) {
		cred, ok = peerOf(int(fd))
	})
	if err != nil || !ok {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, peer{uid: cred.Uid, pid: cred.Pid})
}

func peerOf(fd int) (*unix.Ucred, bool) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	return cred, err == nil
}

// PeerUID is who is at the other end, for handlers of other packages on this socket.
func PeerUID(r *http.Request) (uid uint32, ok bool) {
	p, ok := r.Context().Value(peerKey{}).(peer)
	return p.uid, ok
}

// rootOnly guards what a member of the group must not do.
func rootOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, ok := c.Request().Context().Value(peerKey{}).(peer)
		switch {
		case !ok:
			return fmt.Errorf("the caller is not known: %w", api.Forbidden)
		case p.uid != 0:
			return fmt.Errorf("only root may do this, not uid %d: %w", p.uid, api.Forbidden)
		}
		return next(c)
	}
}
