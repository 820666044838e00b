package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTimeouts(t *testing.T) {
	f := start(t, byHand, func(o *Options) { o.StallTimeout = 4 * tick })
	arrived, step, hang := make(chan struct{}), make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(hang) })
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/steady": // slower than the timeout as a whole, but never silent for so long
			for range 6 {
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				<-step
			}
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			<-step
			io.WriteString(w, "data: late\n\n")
		default:
			arrived <- struct{}{}
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		answer := make(chan *http.Response, 1)
		go func() { answer <- get(t, c, "/hang") }()
		<-arrived
		if r := after(f, f.opt.StallTimeout, "a timeout", answer); r.StatusCode != 504 || body(t, r) == "" {
			t.Error("hang:", r.Status)
		}
		steady := get(t, c, "/steady")
		for range 6 {
			if _, err := io.ReadFull(steady.Body, make([]byte, 1)); err != nil {
				t.Fatal("steady:", err)
			}
			f.tick(2)
			step <- struct{}{}
		}
		body(t, steady)
		events := get(t, c, "/events")
		f.await(waitUpstream) // the head has been written, and nothing has a deadline
		f.tick(10)
		step <- struct{}{}
		if got := body(t, events); got != "data: late\n\n" {
			t.Error("events:", got)
		}
	})
}

func TestSlowClients(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
		}))))
	for name, c := range map[string]struct {
		send  string
		waits waitState
		after time.Duration
		want  string
	}{
		"idle":      {"", waitIdle, f.opt.IdleTimeout, ""},
		"half head": {"GET / HTTP/1.1\r\nHost: a", waitHead, f.opt.HeaderTimeout, "408"},
		"half body": {"POST / HTTP/1.1\r\nHost: " + appHost + "\r\nContent-Length: 5\r\n\r\nab", waitUpstream,
			f.opt.StallTimeout, "408"},
		"half chunk": {"POST / HTTP/1.1\r\nHost: " + appHost + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
			waitUpstream, f.opt.StallTimeout, "408"},
	} {
		conn := f.dial(appHost)
		io.WriteString(conn, c.send)
		f.await(c.waits)
		done := make(chan string, 1)
		go func() {
			got, err := io.ReadAll(conn)
			done <- fmt.Sprint(string(got), err)
		}()
		got := after(f, c.after, name, done)
		if !strings.HasSuffix(got, "<nil>") || (c.want != "") != strings.Contains(got, "HTTP/1.1 "+c.want+" ") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestSilentHandshake: who connects and says nothing is given up before TLS begins.
func TestSilentHandshake(t *testing.T) {
	f := start(t, func(o *Options) { o.HeaderTimeout = 50 * time.Millisecond })
	for _, address := range []string{f.addr, f.plain} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "\x16\x03\x01")
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); isTimeout(err) {
			t.Errorf("%s: open still", address)
		}
		c.Close()
	}
}

// TestDrippingClients: a client that sends a byte before each deadline has as long as
// it wants for a body, but not for a head.
func TestDrippingClients(t *testing.T) {
	f := start(t, byHand, func(o *Options) { o.StallTimeout, o.HeaderTimeout = 4*tick, 20*tick })
	seen := make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			io.ReadFull(r.Body, make([]byte, 1))
			seen <- struct{}{}
		}
	}))))
	conn := f.dial(appHost)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 10\r\n\r\n")
	in := bufio.NewReader(conn)
	for range 10 {
		io.WriteString(conn, "x")
		<-seen
		f.tick(1)
	}
	if r, err := http.ReadResponse(in, nil); err != nil || r.StatusCode != 200 {
		t.Fatal(r, err)
	}
	io.WriteString(conn, "G")
	f.await(waitHead)
	done := make(chan string, 1)
	go func() {
		b, err := io.ReadAll(in)
		done <- fmt.Sprint(string(b), err)
	}()
	for range 20 {
		io.WriteString(conn, "E") // comes in time, and does not help
		f.tick(1)
	}
	if got := after(f, tick, "the head's end", done); !strings.Contains(got, " 408 ") {
		t.Errorf("%q", got)
	}
}

func TestClientLeavingCancelsTheTarget(t *testing.T) {
	f := start(t, byHand, func(o *Options) { o.StallTimeout = 1000 * time.Hour })
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
		tickUntil(f, "the target is told", cancelled)
	})
}

func TestTooManyConnections(t *testing.T) {
	f := start(t, byHand, func(o *Options) { o.MaxConnections = 2 })
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
