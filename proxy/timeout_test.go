package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTimeouts(t *testing.T) {
	f := start(t, func(o *Options) { o.StallTimeout = 300 * time.Millisecond })
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	slow := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/steady": // slower than the timeout as a whole, but never silent for so long
			for range 6 {
				time.Sleep(100 * time.Millisecond)
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			time.Sleep(900 * time.Millisecond)
			io.WriteString(w, "data: late\n\n")
		default:
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
	}))
	f.apply(table(slow))
	both(t, f, func(t *testing.T, c *http.Client) {
		if r := get(t, c, "/hang"); r.StatusCode != 504 {
			t.Error("hang:", r.Status)
		}
		if r := get(t, c, "/steady"); body(t, r) != "xxxxxx" {
			t.Error("steady:", r.Status)
		}
		if r := get(t, c, "/events"); body(t, r) != "data: late\n\n" {
			t.Error("events:", r.Status)
		}
	})
}

func TestSlowClients(t *testing.T) {
	f := start(t, func(o *Options) {
		o.StallTimeout, o.HeaderTimeout, o.IdleTimeout = 500*time.Millisecond, 2*time.Second, 500*time.Millisecond
	})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))))
	for name, c := range map[string]struct {
		send string
		want string
	}{
		"idle":      {"", ""},
		"half head": {"GET / HTTP/1.1\r\nHost: a", "408"},
		"half body": {"POST / HTTP/1.1\r\nHost: " + appHost + "\r\nContent-Length: 5\r\n\r\nab", "408"},
	} {
		conn := f.dial(appHost)
		io.WriteString(conn, c.send)
		got, err := io.ReadAll(conn)
		if err != nil || (c.want != "") != strings.Contains(string(got), " "+c.want+" ") {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestClientLeavingCancelsTheTarget(t *testing.T) {
	f := start(t)
	arrived, cancelled := make(chan struct{}, 1), make(chan struct{}, 1)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
		cancelled <- struct{}{}
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		ctx, cancel := context.WithCancel(context.Background())
		r, _ := http.NewRequestWithContext(ctx, "GET", "https://"+appHost+"/x", nil)
		go func() {
			<-arrived
			cancel()
		}()
		if _, err := c.Do(r); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		select {
		case <-cancelled:
		case <-time.After(10 * time.Second):
			t.Fatal("the target was never told")
		}
	})
}

func TestTooManyConnections(t *testing.T) {
	f := start(t, func(o *Options) { o.MaxConnections = 2 })
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	f.dial(appHost)
	second := f.dial(appHost)
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a third connection was served")
	}
	// A connection that has had its answer gives way to a new one.
	io.WriteString(second, "GET / HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(second), nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a third connection is served", func() bool {
		c, err := tls.Dial("tcp", f.addr, &tls.Config{RootCAs: f.roots, ServerName: appHost})
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}
