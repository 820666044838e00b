package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHTTPOnTheTLSPort(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	host := appHost + ":8443"
	whole := "https://" + host + "/a?b=c"
	for name, c := range map[string]struct {
		request  string
		status   int
		location string
		says     string
	}{
		"a browser":       {"GET /a?b=c HTTP/1.1\r\nHost: " + host + "\r\nCookie: a=b\r\n\r\n", 307, whole, ""},
		"HEAD":            {"HEAD /a?b=c HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 307, whole, ""},
		"absolute form":   {"GET http://" + host + "/a?b=c HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 307, whole, ""},
		"in capitals":     {"GET /a?b=c HTTP/1.1\r\nHost: APP.Yesterday.localhost.:8443\r\n\r\n", 307, whole, ""},
		"without a port":  {"GET /a HTTP/1.1\r\nHost: " + appHost + "\r\n\r\n", 307, "https://" + appHost + portOf(f.addr) + "/a", ""},
		"a token":         {"GET /a?b=c HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer x\r\n\r\n", 400, "", whole},
		"POST":            {"POST /a?b=c HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 1\r\n\r\nx", 400, "", whole},
		"DELETE":          {"DELETE /a?b=c HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 400, "", whole},
		"a WebDAV folder": {"PROPFIND /a?b=c HTTP/1.1\r\nHost: " + host + "\r\nDepth: 0\r\n\r\n", 400, "", whole},
		"a calendar":      {"REPORT /a?b=c HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n\r\n", 400, "", whole},
		"nobody's host":   {"GET /a HTTP/1.1\r\nHost: 10.0.0.1:8443\r\n\r\n", 400, "", "https://10.0.0.1:8443/a"},
		"two readings":    {"GET /a//b HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 400, "", "speaks HTTPS"},
		"no host":         {"GET /a HTTP/1.0\r\n\r\n", 400, "", "speaks HTTPS"},
		"no valid host":   {"GET /a HTTP/1.1\r\nHost: <script>\r\n\r\n", 400, "", "speaks HTTPS"},
		"markup": {"GET /%3Cb HTTP/1.1\r\nAccept: text/html\r\nHost: x'y\r\n\r\n", 400, "",
			"speaks HTTPS"},
		"a tunnel":    {"CONNECT app:443 HTTP/1.1\r\nHost: app:443\r\n\r\n", 400, "", "speaks HTTPS"},
		"HTTP/0.9":    {"GET /\r\n\r\n", 400, "", "speaks HTTPS"},
		"bare LF":     {"GET / HTTP/1.1\nHost: " + host + "\n\n", 400, "", "speaks HTTPS"},
		"a long head": {"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n", 400, "", "speaks HTTPS"},
		"pipelined": {strings.Repeat("POST /a HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 0\r\n\r\n", 3), 400, "",
			"https://" + host + "/a"},
		"long": {"POST /a HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 3000000\r\n\r\n" + strings.Repeat("x", 3000000),
			400, "", "https://" + host + "/a"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := f.inTheClear()
			if _, err := io.WriteString(conn, c.request); err != nil {
				t.Fatal(err)
			}
			conn.(*net.TCPConn).CloseWrite()
			in := bufio.NewReader(conn)
			r, err := http.ReadResponse(in, &http.Request{Method: c.request[:strings.IndexByte(c.request, ' ')]})
			if err != nil {
				t.Fatal(err)
			}
			got := body(t, r)
			if r.StatusCode != c.status || r.Header.Get("Location") != c.location || !strings.Contains(got, c.says) || !r.Close {
				t.Errorf("%s to %q, close %v: %s", r.Status, r.Header.Get("Location"), r.Close, got)
			}
			if r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control is %q: what came in the clear may be forged", r.Header.Get("Cache-Control"))
			}
			if more, err := io.ReadAll(in); err != nil || len(more) > 0 {
				t.Errorf("and then %q, %v", more, err)
			}
		})
	}
}

// inTheClear connects to the port of TLS.
func (f *fixture) inTheClear() net.Conn {
	f.t.Helper()
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// TestSlowHTTPOnTheTLSPort: each byte by itself, at first even before there is a method.
func TestSlowHTTPOnTheTLSPort(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	for method, want := range map[string]int{"GET": 307, "DELETE": 400, "PROPFIND": 400} {
		near, far := net.Pipe()
		f.server.conns.Add(1)
		go f.server.serveTLS(&accepted{Conn: near, server: f.server, evicted: make(chan struct{})})
		for _, b := range []byte(method + " /a HTTP/1.1\r\nHost: " + appHost + "\r\n\r\n") {
			far.Write([]byte{b}) // returns when it was read
		}
		r, err := http.ReadResponse(bufio.NewReader(far), nil)
		if err != nil || r.StatusCode != want {
			t.Error(method, r, err)
		}
		far.Close()
	}
}

// TestSniffingEndsWithTLS: nothing of what follows is kept.
func TestSniffingEndsWithTLS(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	a := &accepted{Conn: near, sniffs: true}
	for _, piece := range []string{"\x16\x03", "GET / HTTP/1.1\r\n"} {
		go far.Write([]byte(piece))
		if _, err := io.ReadFull(a, make([]byte, len(piece))); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.sniffed) > 0 {
		t.Errorf("%q is kept", a.sniffed)
	}
}

// TestNeitherTLSNorHTTP is closed without a word, or with one of TLS.
func TestNeitherTLSNorHTTP(t *testing.T) {
	f := start(t, func(o *Options) { o.HeaderTimeout = 200 * time.Millisecond })
	for _, hello := range []string{"SSH-2.0-OpenSSH_9.2\r\n", "EHLO example.org\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"get / HTTP/1.1\r\n\r\n", "GETTING /\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\x00\x00\x00\x85\xffSMB", "\x80\x2e\x01\x00\x02",
		"\x16\x03\x01\x00\x05hello", "\x15\x03\x01\x00\x02\x01\x00", "GET", "A"} {
		conn := f.inTheClear()
		io.WriteString(conn, hello)
		if got, err := io.ReadAll(conn); isTimeout(err) || len(got) > 0 && got[0] != 0x15 {
			t.Errorf("%q is answered %q, %v", hello, got, err)
		}
	}
}

// FuzzTLSPort: whatever comes instead of TLS is answered by an error, led to HTTPS, or closed.
func FuzzTLSPort(f *testing.F) {
	for _, s := range []string{"GET / HTTP/1.1\r\nHost: app.yesterday.localhost:8443\r\n\r\n", "POST / HTTP/1.0\r\n\r\n",
		"SSH-2.0-x\r\n", "\x16\x03\x01\x00\x05hello", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "PUT  /\r\n"} {
		f.Add([]byte(s))
	}
	fixture := start(f, func(o *Options) { o.AccessLog = false })
	fixture.apply(table(routeTo(f, appID, appHost, http.NotFoundHandler())))
	f.Fuzz(func(t *testing.T, in []byte) {
		conn, err := net.Dial("tcp", fixture.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		conn.Write(in)
		conn.(*net.TCPConn).CloseWrite()
		got, _ := io.ReadAll(conn)
		switch {
		case len(got) == 0, got[0] == 0x15:
		case bytes.HasPrefix(got, []byte("HTTP/1.1 400 ")):
		case bytes.HasPrefix(got, []byte("HTTP/1.1 307 ")):
			if !bytes.Contains(got, []byte("\r\nLocation: https://"+appHost)) {
				t.Errorf("%q leads away: %q", in, got)
			}
		default:
			t.Errorf("%q is answered %q", in, got)
		}
	})
}

func TestBeginsHTTP(t *testing.T) {
	for text, want := range map[string]bool{"GET / HTTP/1.1": true, "GET /": true, "DELET": true, "OPTIONS *": true,
		"GET": false, "GETS /": false, "DELETS": false, "": false, "HEADS": false, "\x16\x03\x01\x00\x00": false} {
		if got := beginsHTTP([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
