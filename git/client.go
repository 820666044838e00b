package git

import (
	"context"
	"net"
	"net/http"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// client is one of the API of permanent applications within this process, as who pushes: a push may
// do exactly what nexushub deploy may.
type client struct {
	api.Deployments
	server *http.Server
}

func newClient(handler http.Handler, who caller.Caller) *client {
	here := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	var streams http.Protocols // the build is followed while the installation is waited for
	streams.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: &streams, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
	})}
	go server.Serve(here) // until close
	return &client{api.NewBridgeClient("nexushubd", &streams, here.dial).Deployed(), server}
}

// close ends what is not answered yet.
func (c *client) close() { c.server.Close() }

// pipeListener accepts what is dialled in this process.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is called once, by the server.
func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "nexushubd", Net: "unix"} }
