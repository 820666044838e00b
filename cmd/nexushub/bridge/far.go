package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

// hello is the first line of the far end. What a login shell prints before it is skipped.
const hello = "nexushub dial-stdio 1\n"

// protocols: HTTP/2 lets many requests share the one stream, and any of them be given up.
func protocols() *http.Protocols {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	return &p
}

// Serve is the far end: it passes requests from in to the socket, until in ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer, socket string) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	probe, err := dial(ctx, "", "")
	if err != nil {
		return fmt.Errorf("%w: %w", err, api.Unavailable)
	}
	probe.Close()
	if _, err := io.WriteString(out, hello); err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "nexushub" },
		Transport:     &http.Transport{DialContext: dial, DisableCompression: true},
		FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			_ = problem.Write(w, api.ProblemOf(fmt.Errorf("%w: %w", err, api.Unavailable), "")) // nobody is left to tell
		},
	}
	server := &http.Server{Handler: proxy, Protocols: protocols(), ErrorLog: proxy.ErrorLog}
	only := &listener{conn: newStream(in, out, nil), closed: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	only.conn.onClose = only.end
	if err := server.Serve(only); !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listener has one connection, and ends with it.
type listener struct {
	conn   *stream
	taken  bool
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return l.conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *listener) end() { l.once.Do(func() { close(l.closed) }) }

func (l *listener) Close() error {
	l.end()
	return nil
}

func (l *listener) Addr() net.Addr { return l.conn.LocalAddr() }

// stream is a connection over two pipes. It knows no deadlines: either side ends the other.
type stream struct {
	io.Reader
	io.Writer
	onClose func()
}

func newStream(r io.Reader, w io.Writer, onClose func()) *stream { return &stream{r, w, onClose} }

func (s *stream) Close() error {
	s.onClose()
	return nil
}

func (s *stream) LocalAddr() net.Addr              { return address{} }
func (s *stream) RemoteAddr() net.Addr             { return address{} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }

type address struct{}

func (address) Network() string { return "ssh" }
func (address) String() string  { return "ssh" }
