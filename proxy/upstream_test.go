package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

// flaky is a target that answers one request per connection and then closes it,
// without saying so.
func flaky(t *testing.T, served, closed *atomic.Int64) proxyctl.Route {
	l := listen(t, "tcp", "127.0.0.1:0")
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer closed.Add(1)
				defer c.Close()
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					io.Copy(io.Discard, r.Body)
					served.Add(1)
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}()
		}
	}()
	return proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true,
		Target:   &proxyctl.Target{ID: "flaky", Network: "tcp", Address: l.Addr().String()}}
}

func TestDeadKeptConnectionsAreNoticed(t *testing.T) {
	var served, closed atomic.Int64
	f := start(t)
	f.apply(table(flaky(t, &served, &closed)))
	both(t, f, func(t *testing.T, c *http.Client) {
		for i := range 20 {
			if r := get(t, c, "/x"); r.StatusCode != 200 || body(t, r) != "ok" {
				t.Fatal(i, r.Status)
			}
			// What must not be sent twice is safe only once the close has arrived.
			eventually(t, "close", func() bool { return closed.Load() == served.Load() })
			r, err := c.Post("https://"+appHost+"/x", "text/plain", strings.NewReader("data"))
			if err != nil || r.StatusCode != 200 {
				t.Fatal(i, r, err)
			}
			body(t, r)
		}
	})
	if n := served.Load(); n != 80 {
		t.Errorf("target saw %d requests, want 80", n)
	}
}

// answering is a target that gives these bytes for every request, then closes.
func answering(t *testing.T, raw string) net.Listener {
	l := listen(t, "tcp", "127.0.0.1:0")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, raw)
			c.Close()
		}
	}()
	return l
}

func TestUnixTarget(t *testing.T) {
	f := start(t)
	socket := f.opt.StateDir + "/app.sock"
	l := listen(t, "unix", socket)
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "by socket")
		})}}
	srv.Start()
	t.Cleanup(srv.Close)
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true, Target: &proxyctl.Target{ID: "u", Network: "unix", Address: socket}}))
	if r := get(t, f.http(false), "/x"); body(t, r) != "by socket" {
		t.Error(r.Status)
	}
}
