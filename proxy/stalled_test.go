package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/nexushub/nexushub/proxyctl"
)

// TestFloodOfInterimResponses: who does not read them holds nothing for ever, and who reads
// them is spared the event streams.
func TestFloodOfInterimResponses(t *testing.T) {
	f := start(t, byHand)
	head := "HTTP/1.1 103 Early Hints\r\nLink: <" + string(bytes.Repeat([]byte("x"), 60_000)) + ">\r\n\r\n"
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	ended := make(chan struct{}, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				for err == nil {
					_, err = io.WriteString(c, head)
				}
				c.Close()
				ended <- struct{}{}
			}()
		}
	}()
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true,
		Target:   &proxyctl.Target{ID: "flood", Network: "tcp", Address: l.Addr().String()}}))
	both(t, f, func(t *testing.T, c *http.Client) {
		c.Transport.(*http.Transport).MaxResponseHeaderBytes = 100 << 20
		if r, err := c.Get("https://" + appHost + "/x"); err == nil && r.StatusCode != 502 {
			t.Error(r.Status)
		}
		<-ended
	})
	deaf := f.dial(appHost)
	shrink(t, deaf.NetConn())
	io.WriteString(deaf, "GET /x HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n")
	tickUntil(f, "the target is given up", ended)
}

// shrink makes a client take little unread.
func shrink(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
}

// stuckConn blocks every write until its deadline has passed or it is closed.
type stuckConn struct {
	net.Conn
	writing, ended chan struct{}
}

func newStuckConn() *stuckConn {
	a, _ := net.Pipe() // nobody reads there
	return &stuckConn{a, make(chan struct{}, 10), make(chan struct{}, 10)}
}

func (c *stuckConn) Write(p []byte) (int, error) {
	c.writing <- struct{}{}
	n, err := c.Conn.Write(p)
	c.ended <- struct{}{}
	return n, err
}

// TestEveryWriteToAClientEnds: whatever HTTP/1.1 has to say to a client that does not
// read, it gives up, and the deadline loop never waits for it.
func TestEveryWriteToAClientEnds(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ws":
			webSocket(w, r)
		case "/interim":
			w.WriteHeader(http.StatusEarlyHints)
		case "/trailer":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "x")
			w.Header().Set("X-Sum", "1")
		default:
			io.Copy(w, r.Body)
		}
	}))))
	for name, request := range map[string]string{
		"response":       "GET / HTTP/1.1\r\nH\r\n\r\n",
		"interim":        "GET /interim HTTP/1.1\r\nH\r\n\r\n",
		"continue":       "POST / HTTP/1.1\r\nH\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"trailer":        "GET /trailer HTTP/1.1\r\nH\r\n\r\n",
		"switch":         "GET /ws HTTP/1.1\r\nH\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"error page":     "GET /api/x HTTP/1.1\r\nH\r\nAccept: text/html\r\n\r\n",
		"refusal":        "GET / HTTP/1.1\nH\r\n\r\n",
		"unknown host":   "GET / HTTP/1.1\r\nHost: nobody\r\n\r\n",
		"access token":   "POST /api/access_token HTTP/1.1\r\nH\r\nContent-Length: 0\r\n\r\n",
		"malformed body": "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			c := &stuckConn{near, make(chan struct{}, 10), make(chan struct{}, 10)}
			f.server.conns.Add(1)
			done := make(chan struct{})
			go func() {
				newConn(&accepted{server: f.server}, c, appHost).serve()
				close(done)
			}()
			io.WriteString(far, strings.ReplaceAll(request, "\nH\r", "\nHost: "+appHost+"\r"))
			<-c.writing
			tickUntil(f, "the write ends", c.ended)
			far.Close()
			tickUntil(f, "the connection ends", done)
		})
	}
}

// TestTunnelsMayBeSilentNotStuck: a tunnel lives as long as it likes, but neither side may
// leave the other waiting.
func TestTunnelsMayBeSilentNotStuck(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.HandlerFunc(webSocket))))
	conn, in := upgrade(t, f)
	eventually(t, "nothing is being written", func() bool {
		for _, w := range f.server.deadlines.all() {
			if tun, ok := w.(*tunnel); ok {
				a, _ := tun.toClient.expired()
				b, _ := tun.toTarget.expired()
				return a == waitNone && b == waitNone
			}
		}
		return false
	})
	f.tick(10 * int(f.opt.StallTimeout/tick))
	io.WriteString(conn, "ping")
	if b, err := in.Peek(4); err != nil || string(b) != "ping" {
		t.Fatalf("after a long silence: %q %v", b, err)
	}
	for name, make := range map[string]func(stuck, other net.Conn) *tunnel{
		"client": func(stuck, other net.Conn) *tunnel { return &tunnel{client: stuck, target: other} },
		"target": func(stuck, other net.Conn) *tunnel { return &tunnel{client: other, target: stuck} },
	} {
		stuck := newStuckConn()
		near, far := net.Pipe()
		tun := make(stuck, near)
		tun.limit, tun.toClient.clock, tun.toTarget.clock = f.opt.StallTimeout, &f.server.deadlines.clock,
			&f.server.deadlines.clock
		f.server.deadlines.add(tun)
		done := newDone(func() { tun.run(nil, newUpstream(tun.target).r) })
		io.WriteString(far, "x")
		<-stuck.writing
		tickUntil(f, name+": the write ends", stuck.ended)
		tickUntil(f, name+": the tunnel ends", done)
		f.server.deadlines.remove(tun)
	}
}

func newDone(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	return done
}

// TestClosedWindows: a client of HTTP/2 that lets nothing through holds no stream, of
// whatever makes the answer, and no connection.
func TestClosedWindows(t *testing.T) {
	f := start(t, func(o *Options) { o.StallTimeout = 300 * time.Millisecond })
	dir := t.TempDir()
	for name, size := range map[string]int{"small.html": 10, "big.html": 1 << 20} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, map[string]int{"/public/small": 10, "/public/big": 1 << 20}[r.URL.Path]))
	}))
	route.StaticDir = dir
	f.apply(table(route))
	c := f.silentHTTP2()
	c.steps(0, 1)
	if err := c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/public/small", "/public/big", "/small.html", "/big.html", "/api/x"} {
		stream, err := c.request("GET", path)
		if err != nil {
			t.Fatal(err)
		}
		for reset := false; !reset; {
			frame, err := c.ReadFrame()
			if err != nil {
				t.Fatal(path, err)
			}
			rst, ok := frame.(*http2.RSTStreamFrame)
			reset = ok && rst.StreamID == stream
		}
	}
}

// TestControlAnswersAreTaken: who asks the control socket and does not listen is given up.
func TestControlAnswersAreTaken(t *testing.T) {
	f := start(t, func(o *Options) { o.StallTimeout = 50 * time.Millisecond })
	l := pipeListener{make(chan net.Conn)}
	go f.server.serveControl(t.Context(), l)
	near, far := net.Pipe()
	l.conns <- near
	fmt.Fprint(far, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "the caller is given up", func() bool {
		far.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, err := io.WriteString(far, "x")
		return errors.Is(err, io.ErrClosedPipe)
	})
	near, far = net.Pipe()
	l.conns <- near
	far.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(far, "PUT /v1/table HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
	if b, err := io.ReadAll(far); err != nil || !bytes.Contains(b, []byte(" 400 ")) {
		t.Errorf("half a table: %q %v", b, err)
	}
}

// pipeListener takes in what is put into it.
type pipeListener struct{ conns chan net.Conn }

func (l pipeListener) Accept() (net.Conn, error) { return <-l.conns, nil }
func (l pipeListener) Close() error              { return nil }
func (l pipeListener) Addr() net.Addr            { return &net.UnixAddr{} }
