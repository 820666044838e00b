package health

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func ask(t *testing.T, c Check) Outcome {
	t.Helper()
	var a caller
	defer a.close()
	return a.once(t.Context(), c)
}

func serve(t *testing.T, network, address string, h http.Handler) Check {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return Check{
		Type: "http", Network: network, Address: l.Addr().String(),
		Host: "app.test", Path: "/api/status", Timeout: 5 * time.Second,
	}
}

func TestAskHTTP(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		code    int
		problem string
	}{
		{"healthy", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }, 200, ""},
		{"own host name and path", func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "app.test" || r.URL.Path != "/api/status" {
				w.WriteHeader(500)
			}
		}, 200, ""},
		{"insists on https", func(w http.ResponseWriter, r *http.Request) {
			h := r.Header
			if h.Get("X-Forwarded-Proto") != "https" || h.Get("X-Forwarded-Host") != "app.test" ||
				h.Get("X-Forwarded-For") != "127.0.0.1" {
				http.Redirect(w, r, "https://app.test/", http.StatusMovedPermanently)
			}
		}, 200, ""},
		{"busy", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "warming up", http.StatusServiceUnavailable)
		}, 503, "503"},
		{"a redirect is not followed and not healthy", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login", http.StatusFound)
		}, 302, "302"},
		{"204 is not 200", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, 204, "204"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := ask(t, serve(t, "tcp", "127.0.0.1:0", tt.handler))
			if o.Code != tt.code || (o.Err == nil) != (tt.problem == "") {
				t.Fatalf("Outcome = %+v, want code %d, problem %q", o, tt.code, tt.problem)
			}
			if o.Err != nil && !strings.Contains(o.Err.Error(), tt.problem) {
				t.Errorf("error = %v, want it to say %q", o.Err, tt.problem)
			}
		})
	}
}

func TestAskKeepsTheStartOfALongBody(t *testing.T) {
	o := ask(t, serve(t, "tcp", "127.0.0.1:0", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 1<<20)) })))
	if o.Err != nil || len(o.Body) != bodyLimit {
		t.Errorf("body of %d bytes, error %v; want %d", len(o.Body), o.Err, bodyLimit)
	}
}

func TestAskUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.sock")
	o := ask(t, serve(t, "unix", path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	if o.Err != nil {
		t.Error(o.Err)
	}
}

func TestAskTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := Check{Type: "tcp", Network: "tcp", Address: l.Addr().String(), Timeout: 5 * time.Second}
	if o := ask(t, c); o.Err != nil {
		t.Errorf("listening: %v", o.Err)
	}
	l.Close()
	if o := ask(t, c); o.Err == nil {
		t.Error("nobody listens and it is healthy")
	}
}

// The gate of a guest accepts connections before the guest listens, and closes them when it does not.
func TestAskRelayedTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var takes atomic.Bool
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			if !takes.Load() {
				c.Close()
			}
			go io.Copy(io.Discard, c)
		}
	}()
	c := Check{Type: "tcp", Network: "tcp", Address: l.Addr().String(), Timeout: 5 * time.Second, Relayed: true}
	if o := ask(t, c); o.Err == nil {
		t.Error("its connection is closed at once and it is healthy")
	}
	takes.Store(true)
	if o := ask(t, c); o.Err != nil {
		t.Errorf("listening: %v", o.Err)
	}
}

func TestAskTimesOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := Check{Type: "http", Network: "tcp", Address: l.Addr().String(), Path: "/", Timeout: 20 * time.Millisecond}
	if o := ask(t, c); o.Err == nil || !strings.Contains(o.Err.Error(), "no answer within") {
		t.Errorf("error = %v, want a timeout in words", o.Err)
	}
}

func TestKeepsTheConnectionWhereItCan(t *testing.T) {
	var conns atomic.Int64
	var reopen atomic.Bool
	c := serve(t, "tcp", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reopen.Load() {
			w.Header().Set("Connection", "close")
		}
		conns.Add(1)
		io.WriteString(w, r.RemoteAddr)
	}))
	var a caller
	defer a.close()
	first, second := a.once(t.Context(), c), a.once(t.Context(), c)
	if first.Err != nil || first.Body != second.Body {
		t.Errorf("connections %s and %s, want one; %v", first.Body, second.Body, first.Err)
	}
	reopen.Store(true)
	a.once(t.Context(), c)
	if fourth := a.once(t.Context(), c); fourth.Err != nil || fourth.Body == first.Body {
		t.Errorf("after a close: %+v, want another connection", fourth)
	}
}

func TestAClosedConnectionIsNoIllness(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // answers once on each connection, then hangs up without saying so
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			c.Close()
		}
	}()
	c := Check{Type: "http", Network: "tcp", Address: l.Addr().String(), Host: "h", Path: "/", Timeout: 5 * time.Second}
	var a caller
	defer a.close()
	for range 3 {
		if o := a.once(t.Context(), c); o.Err != nil {
			t.Errorf("outcome = %+v", o)
		}
	}
}
