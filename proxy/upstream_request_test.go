package proxy

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxy/h1"
)

// FuzzForwarded compares what we take a request for with what another parser, net/http's,
// takes that for which a target would get: one request, the same one, without what is not
// the target's.
func FuzzForwarded(f *testing.F) {
	for _, c := range malformed {
		f.Add([]byte(strings.ReplaceAll(c.request, "\nH\r", "\nHost: "+appHost+"\r")))
	}
	f.Add([]byte("GET /x HTTP/1.1\r\nHost: a\r\nCookie: YRT=refresh; a=b\r\nX-Internal-Secret: s\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"))
	f.Add([]byte("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade, x-a\r\nUpgrade: websocket\r\nX-A: b\r\n\r\n"))
	s := &Server{opt: Options{Limits: h1.DefaultLimits}, deadlines: newDeadlineLoop(nil)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		end, _, err := h1.End(raw, 0)
		if err != nil || end == 0 {
			return
		}
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		c := newConn(&accepted{Conn: a, server: s}, a, "")
		if c.msg.ParseRequest(raw[:end], s.opt.Limits) != nil {
			return
		}
		c.prepare()
		if _, doubt := areaOf(c.x.req.path); doubt != "" {
			return
		}
		checkForwarded(t, c, appendRequest(nil, &c.x))
	})
}

func checkForwarded(t *testing.T, c *conn, out []byte) {
	t.Helper()
	if i := bytes.Index(out, []byte("\r\n\r\n")); i != len(out)-4 {
		t.Fatalf("ends at %d of %d: %q", i, len(out), out)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(out)))
	if err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if r.Method != c.x.req.method || r.RequestURI != c.x.req.requestURI || r.Host != c.x.req.authority ||
		r.ContentLength != c.bodyLength() {
		t.Fatalf("%+v became %q", c.x.req, out)
	}
	for _, cookie := range r.Cookies() {
		if cookie.Name == refreshCookie {
			t.Fatalf("the refresh token passes: %q", out)
		}
	}
	for name, want := range map[string]int{"X-Internal-Secret": 0, "X-Application-Id": 0, "X-Nexushub-Access": 0,
		"Keep-Alive": 0, "X-Trace-Id": 1, "X-Forwarded-For": 1, "X-Forwarded-Proto": 1, "X-Forwarded-Host": 1} {
		if len(r.Header[name]) != want {
			t.Fatalf("%d lines of %s: %q", len(r.Header[name]), name, out)
		}
	}
}
