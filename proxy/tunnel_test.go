package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// webSocket is a target that switches protocols and echoes, and says hello in one
// unmasked frame first.
func webSocket(w http.ResponseWriter, r *http.Request) {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x05hello")
	io.Copy(c, buf)
}

// upgrade opens a WebSocket through the proxy and reads the hello.
func upgrade(t *testing.T, f *fixture) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := f.dial(appHost)
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+appHost+
		"\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n\x81\x05early")
	in := bufio.NewReader(conn)
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 101 || r.Header.Get("Upgrade") != "websocket" {
		t.Fatal(r, err)
	}
	want := "\x81\x05hello\x81\x05early"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != want {
		t.Fatalf("%q %v", got, err)
	}
	return conn, in
}

func TestWebSocket(t *testing.T) {
	f := start(t)
	route := appRoute(t, http.HandlerFunc(webSocket))
	f.apply(table(route))
	conn, in := upgrade(t, f)
	for range 3 {
		io.WriteString(conn, "ping")
		got := make([]byte, 4)
		if _, err := io.ReadFull(in, got); err != nil || string(got) != "ping" {
			t.Fatal(string(got), err)
		}
	}
	// A deploy of somebody else does not concern it.
	f.apply(table(route, proxyctl.Route{Instance: "other", Name: "other", Hosts: []string{"o.x"},
		State: proxyctl.StateReady}))
	io.WriteString(conn, "pong")
	if b, err := in.Peek(4); err != nil || string(b) != "pong" {
		t.Fatal(string(b), err)
	}
}

func TestDrainTellsWebSockets(t *testing.T) {
	f := start(t)
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(c,
				"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello\x81\x05early")
			io.Copy(io.Discard, c)
			c.Close()
		}
	}))
	f.apply(table(route))
	conn := f.dial(appHost)
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+appHost+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	in := bufio.NewReader(conn)
	if r, err := http.ReadResponse(in, nil); err != nil || r.StatusCode != 101 {
		t.Fatal(r, err)
	}
	io.ReadFull(in, make([]byte, 14))
	f.apply(table())
	result, err := f.client.Drain(context.Background(), route.Target.ID, 100*time.Millisecond)
	if err != nil || !result.TimedOut || result.InFlight != 1 {
		t.Fatal(result, err)
	}
	rest, err := io.ReadAll(in)
	if string(rest) != "\x88\x02\x03\xf4" {
		t.Errorf("told %q, %v; want a close frame with code 1012", rest, err)
	}
}

func TestFrameBoundaries(t *testing.T) {
	long := append([]byte{0x82, 126, 0x01, 0x00}, make([]byte, 256)...)
	huge := append([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, make([]byte, 65536)...)
	masked := append([]byte{0x81, 0x83, 1, 2, 3, 4}, "abc"...)
	for _, frame := range [][]byte{{0x89, 0}, long, huge, masked} {
		var f webSocketFrames
		for i, b := range frame {
			if f.atBoundary() != (i == 0) {
				t.Fatalf("frame of %d bytes: boundary at %d", len(frame), i)
			}
			f.follow([]byte{b})
		}
		f.follow(frame)
		if !f.atBoundary() {
			t.Errorf("frame of %d bytes does not end", len(frame))
		}
	}
}

// TestOnlySoundUpgrades: what would carry requests past the rules, or cannot be told
// from a body, is passed on as a plain request; what nobody asked for is a fault.
func TestOnlySoundUpgrades(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.Header.Get("X-Switch-To"); to != "" {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", to)
				c.Close()
			}
			return
		}
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "upgrade %q %q", r.Header.Get("Upgrade"), r.Header.Get("Connection"))
	}))))
	for name, c := range map[string]struct {
		head   string
		status int
		answer string
	}{
		"h2c": {"GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", 200, `upgrade "" ""`},
		"h2c in a list": {"GET / HTTP/1.1\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\n\r\n", 200,
			`upgrade "" ""`},
		"TLS": {"GET / HTTP/1.1\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n", 200,
			`upgrade "" ""`},
		"HTTP/2.0": {"GET / HTTP/1.1\r\nUpgrade: HTTP/2.0\r\nConnection: Upgrade\r\n\r\n", 200,
			`upgrade "" ""`},
		"not in Connection": {"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 200, `upgrade "" ""`},
		"with a body":       {"POST / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nab", 200, `upgrade "" ""`},
		"declined": {"GET / HTTP/1.1\r\nUpgrade: other/1.0\r\nConnection: Upgrade\r\n\r\n", 200,
			`upgrade "other/1.0" "Upgrade"`},
		"accepted": {"GET / HTTP/1.1\r\nUpgrade: other/1.0\r\nConnection: Upgrade\r\nX-Switch-To: Other/1.0\r\n\r\n",
			101, ""},
		"to another": {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Switch-To: other\r\n\r\n", 502,
			""},
		"to h2c": {"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nX-Switch-To: h2c\r\n\r\n", 502,
			""},
		"unasked": {"GET / HTTP/1.1\r\nX-Switch-To: websocket\r\n\r\n", 502, ""},
	} {
		conn := f.dial(appHost)
		io.WriteString(conn, strings.Replace(c.head, "\r\n", "\r\nHost: "+appHost+"\r\n", 1))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		if r.StatusCode != c.status || (c.answer != "" && body(t, r) != c.answer) {
			t.Errorf("%s: %s", name, r.Status)
		}
	}
}
