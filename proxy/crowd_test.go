package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/nexushub/nexushub/proxyctl"
)

// Addresses of the clients. That of the load balancer is a trusted proxy where the test
// says so.
const (
	flooder      = "127.0.0.2"
	bystander    = "127.0.0.3"
	other        = "127.0.0.4"
	loadBalancer = "127.0.0.5"
)

func dialerFrom(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
}

// tcpFrom opens a connection from the address and does nothing more.
func (f *fixture) tcpFrom(address, to string) net.Conn {
	f.t.Helper()
	c, err := dialerFrom(address).Dial("tcp", to)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// tlsFrom shakes hands for the protocol; a flooder's later connections may be refused,
// and err says so.
func (f *fixture) tlsFrom(address, protocol string) (*tls.Conn, error) {
	f.t.Helper()
	c := tls.Client(f.tcpFrom(address, f.addr), &tls.Config{RootCAs: f.roots, ServerName: appHost,
		NextProtos: []string{protocol}})
	return c, c.Handshake()
}

// httpFrom is f.http of a client with that address.
func (f *fixture) httpFrom(address string, http2 bool) *http.Client {
	c := f.http(http2)
	c.Timeout = 20 * time.Second
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialerFrom(address).DialContext(ctx, network, f.addr)
	}
	return c
}

// servedAt asserts that the address is served by connections of its own that are new.
func (f *fixture) servedAt(address string) {
	f.t.Helper()
	for _, http2 := range []bool{false, true} {
		for range 2 {
			c := f.httpFrom(address, http2)
			r, err := c.Get("https://" + appHost + "/quick")
			if err != nil {
				f.t.Fatal(address, http2, err)
			}
			if r.Body.Close(); r.StatusCode != 200 {
				f.t.Fatal(address, http2, r.Status)
			}
			c.CloseIdleConnections()
		}
	}
}

// attempt is one connection of a flood, which does what it can and stays.
type attempt func(f *fixture)

// attempts are the states that a connection can be held in.
var attempts = map[string]attempt{
	"bare TCP":         func(f *fixture) { f.tcpFrom(flooder, f.addr) },
	"bare TCP to http": func(f *fixture) { f.tcpFrom(flooder, f.plain) },
	"HTTP for TLS":     func(f *fixture) { io.WriteString(f.tcpFrom(flooder, f.addr), "GET / HTTP/1.1\r\nX:") },
	"half a handshake": func(f *fixture) { io.WriteString(f.tcpFrom(flooder, f.addr), "\x16\x03\x01\x02\x00\x01\x00") },
	"slow plain head":  func(f *fixture) { io.WriteString(f.tcpFrom(flooder, f.plain), "GET / HTTP/1.1\r\nX:") },
	"silent":           func(f *fixture) { f.tlsFrom(flooder, "http/1.1") },
	"slow head":        say("GET / HTTP/1.1\r\nX:", false),
	"idle":             say("GET /quick HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n", true),
	"slow further head": say("GET /quick HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n"+
		"GET /", true),
	"lingering":    say("POST /api/x HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 9\r\n\r\na", true),
	"slow body":    say("POST /wait HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 9\r\n\r\na", false),
	"no answer":    say("GET /wait HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n", false),
	"event stream": say("GET /events HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n", true),
	"WebSocket": say("GET /ws HTTP/1.1\r\nHost: "+appHost+
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", true),
	"HTTP/2 silent":    func(f *fixture) { f.tlsFrom(flooder, "h2") },
	"HTTP/2 settings":  func(f *fixture) { f.http2From(flooder, 0) },
	"HTTP/2 idle":      func(f *fixture) { f.http2From(flooder, 1, "/quick") },
	"HTTP/2 no answer": func(f *fixture) { f.http2From(flooder, 3, "/wait") },
	"HTTP/2 lingering": func(f *fixture) {
		if c := f.http2From(flooder, 0); c != nil {
			c.begin(false, "POST", "/api/x")
		}
	},
}

// say sends a request and, where an answer comes, reads its head.
func say(text string, answered bool) attempt {
	return func(f *fixture) {
		c, err := f.tlsFrom(flooder, "http/1.1")
		if err != nil {
			return
		}
		io.WriteString(c, text)
		if answered {
			http.ReadResponse(bufio.NewReader(c), nil)
		}
	}
}

// http2From opens a connection with n requests; those of one are waited for.
func (f *fixture) http2From(address string, n int, path ...string) *rawHTTP2 {
	c, err := f.tlsFrom(address, "h2")
	if err != nil {
		return nil
	}
	h := &rawHTTP2{t: f.t, conn: c, Framer: http2.NewFramer(c, c), next: 1}
	h.encoder = hpack.NewEncoder(&h.head)
	h.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	io.WriteString(c, http2.ClientPreface)
	h.WriteSettings()
	h.WriteSettingsAck()
	for range n {
		h.request("GET", path[0])
	}
	if n == 1 {
		h.ReadFrame() // whichever: the connection is served
	}
	return h
}

// crowd routes to a target that answers, or does not, as the path asks.
func (f *fixture) crowd() proxyctl.Route {
	release := make(chan struct{})
	r := appRoute(f.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/ws":
			webSocket(w, r)
		case r.URL.Path == "/quick":
			fmt.Fprint(w, "ok")
		default:
			if r.URL.Path == "/events" {
				w.Header().Set("Content-Type", "text/event-stream")
				w.(http.Flusher).Flush()
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	f.t.Cleanup(func() { close(release) }) // before the target closes
	f.apply(table(r))
	return r
}

// TestNobodyIsKeptOut: one address takes every connection there is and more, in every
// state that a connection can be held in. Two others are served all the same, by
// connections that are new. The clock stands: no time limit helps.
func TestNobodyIsKeptOut(t *testing.T) {
	const limit = 12
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each ends slowly where the clock stands
			f := start(t, byHand, func(o *Options) { o.MaxConnections = limit })
			f.crowd()
			for range limit + 3 {
				attempt(f)
			}
			eventually(t, "every connection is taken", func() bool { return f.server.connPool.Len() == limit })
			for range 2 {
				f.servedAt(bystander)
				f.servedAt(other)
			}
			if n := f.server.connPool.Len(); n > limit {
				t.Errorf("%d connections have a slot", n)
			}
			metrics := f.metrics()
			if !gaveWay.MatchString(metrics) {
				t.Error("nothing is counted")
			}
		})
	}
}

// gaveWay is a count that is not zero.
var gaveWay = regexp.MustCompile(`(?m)^nexushub_proxy_gave_way_total\{.*\} [1-9]`)

func (f *fixture) metrics() string {
	f.t.Helper()
	w := &recorder{header: http.Header{}}
	f.server.metrics.handler().ServeHTTP(w, &http.Request{Method: "GET", Header: http.Header{}})
	return w.String()
}

type recorder struct {
	strings.Builder
	header http.Header
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}

// TestOneAloneMayHaveEverything: without others no share bites, and what an address has
// in flight is never cut for its own next connection.
func TestOneAloneMayHaveEverything(t *testing.T) {
	const limit = 6
	f := start(t, byHand, func(o *Options) { o.MaxConnections = limit })
	arrived, release := make(chan struct{}, limit), make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		fmt.Fprint(w, "whole")
	}))))
	done := make(chan error, limit)
	for i := range limit {
		go func() {
			r, err := f.httpFrom(flooder, i%2 == 0).Get("https://" + appHost + "/x")
			if err == nil {
				defer r.Body.Close()
				if b, _ := io.ReadAll(r.Body); string(b) != "whole" {
					err = fmt.Errorf("%s %q", r.Status, b)
				}
			}
			done <- err
		}()
	}
	for range limit {
		<-arrived
	}
	for range limit {
		if _, err := f.tlsFrom(flooder, "http/1.1"); err == nil {
			t.Error("a connection more than there are was served")
		}
	}
	close(release)
	for range limit {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// writeOnly is a connection that nothing comes back by.
type writeOnly struct {
	net.Conn
	w io.Writer
}

func (c writeOnly) Write(p []byte) (int, error) { return c.w.Write(p) }
func (c writeOnly) Read([]byte) (int, error)    { return 0, io.EOF }
func (c writeOnly) Close() error                { return nil }

func tlsClient(f *fixture, w io.Writer) *tls.Conn {
	return tls.Client(writeOnly{w: w}, &tls.Config{RootCAs: f.roots, ServerName: appHost})
}
