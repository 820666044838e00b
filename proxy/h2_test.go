package proxy

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// rawHTTP2 is a client that sends what it likes.
type rawHTTP2 struct {
	t    testing.TB
	conn *tls.Conn
	*http2.Framer
	head    bytes.Buffer
	encoder *hpack.Encoder
	next    uint32 // stream
	host    string // instead of appHost
}

func (f *fixture) rawHTTP2() *rawHTTP2 {
	f.t.Helper()
	c := f.silentHTTP2()
	c.steps(0, 2)
	return c
}

// silentHTTP2 has shaken hands, and nothing more.
func (f *fixture) silentHTTP2() *rawHTTP2 {
	f.t.Helper()
	c := f.connectedHTTP2()
	if err := c.conn.Handshake(); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// connectedHTTP2 shakes hands with the first byte that it sends.
func (f *fixture) connectedHTTP2() *rawHTTP2 {
	f.t.Helper()
	raw, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	conn := tls.Client(raw, &tls.Config{RootCAs: f.roots, ServerName: appHost, NextProtos: []string{"h2"}})
	c := &rawHTTP2{t: f.t, conn: conn, Framer: http2.NewFramer(conn, conn), next: 1}
	c.encoder = hpack.NewEncoder(&c.head)
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return c
}

// steps takes those of a client's first steps.
func (c *rawHTTP2) steps(from, to int) {
	c.t.Helper()
	for _, step := range []func() error{
		func() error { _, err := io.WriteString(c.conn, http2.ClientPreface); return err },
		func() error { return c.WriteSettings() },
		c.WriteSettingsAck,
		func() error { _, err := c.request("GET", "/public/x"); return err },
	}[from:to] {
		if err := step(); err != nil {
			c.t.Fatal(err)
		}
	}
}

// post sends a request with a body.
func (c *rawHTTP2) post(path, body string, headers ...string) (stream uint32, err error) {
	stream, err = c.begin(false, "POST", path, headers...)
	if err == nil {
		err = c.WriteData(stream, true, []byte(body))
	}
	return stream, err
}

// request sends headers, which come in pairs, behind those that every request has.
func (c *rawHTTP2) request(method, path string, headers ...string) (stream uint32, err error) {
	return c.begin(true, method, path, headers...)
}

func (c *rawHTTP2) begin(end bool, method, path string, headers ...string) (stream uint32, err error) {
	c.head.Reset()
	for pairs := append([]string{":method", method, ":scheme", "https", ":authority", cmp.Or(c.host, appHost),
		":path", path}, headers...); len(pairs) > 0; pairs = pairs[2:] {
		if err := c.encoder.WriteField(hpack.HeaderField{Name: pairs[0], Value: pairs[1]}); err != nil {
			c.t.Fatal(err)
		}
	}
	stream = c.next
	c.next += 2
	return stream, c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.head.Bytes(),
		EndStream: end, EndHeaders: true})
}

// status is that of the answer to a stream, or the code that it was reset with.
func (c *rawHTTP2) status(stream uint32) string {
	c.t.Helper()
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			c.t.Fatal(err)
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if frame.StreamID == stream {
				return frame.PseudoValue("status")
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == stream {
				return frame.ErrCode.String()
			}
		}
	}
}

// TestHTTP2Refusals: what HTTP/2 can say and HTTP/1.1, which the target gets, cannot.
func TestHTTP2Refusals(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	c := f.rawHTTP2()
	many := make([]string, 0, 400)
	for range 200 {
		many = append(many, "x-a", "b")
	}
	for name, r := range map[string]struct {
		method, path string
		headers      []string
		want         string
	}{
		"plain":                      {"GET", "/public/x", nil, "200"},
		"unknown method":             {"BREW", "/public/x", nil, "200"},
		"request line in the method": {"GET /internal/x HTTP/1.1", "/public/x", nil, "400"},
		"empty method":               {"", "/public/x", nil, "PROTOCOL_ERROR"},
		"method too long":            {strings.Repeat("A", 40), "/public/x", nil, "400"},
		"space in the path":          {"GET", "/public/x HTTP/1.1", nil, "400"},
		"path beyond ASCII":          {"GET", "/\xe9", nil, "400"},
		"path without slash":         {"GET", "x", nil, "PROTOCOL_ERROR"},
		"disguised path":             {"GET", "/public/%2e%2e/internal/x", nil, "400"},
		"two authorizations": {"GET", "/public/x",
			[]string{"authorization", "Bearer a", "authorization", "Bearer b"}, "400"},
		"two application ids": {"GET", "/public/x", []string{"x-application-id", "a", "x-application-id", "b"},
			"400"},
		"too many headers, one name": {"GET", "/public/x", many, "431"},
		"transfer coding":            {"GET", "/public/x", []string{"transfer-encoding", "chunked"}, "400"},
		"connection header":          {"GET", "/public/x", []string{"connection", "close"}, "400"},
		"line end in a value":        {"GET", "/public/x", []string{"x-a", "b\r\nx-c: d"}, "PROTOCOL_ERROR"},
		"capital in a name":          {"GET", "/public/x", []string{"X-A", "b"}, "PROTOCOL_ERROR"},
		"CONNECT":                    {"CONNECT", "/public/x", nil, "PROTOCOL_ERROR"},
		"extended CONNECT":           {"CONNECT", "/public/x", []string{":protocol", "websocket"}, "PROTOCOL_ERROR"},
		"connect in lower case":      {"connect", "/public/x", nil, "400"},
		"length without a body":      {"GET", "/public/x", []string{"content-length", "3"}, "400"},
		"no length, no body":         {"GET", "/public/x", []string{"content-length", "0"}, "200"},
		"lengths without a body": {"GET", "/public/x", []string{"content-length", "0", "content-length", "0"},
			"400"},
		"host beside the authority": {"GET", "/public/x", []string{"host", "nobody"}, "PROTOCOL_ERROR"},
	} {
		stream, err := c.request(r.method, r.path, r.headers...)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := c.status(stream); got != r.want {
			t.Errorf("%s: %s, want %s", name, got, r.want)
		}
	}
}

// TestHTTP2Lengths: a length is one plain number, and that of the body; what reaches the
// target is framed by what came.
func TestHTTP2Lengths(t *testing.T) {
	f := start(t)
	whole := make(chan string, 1)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil {
			whole <- string(b)
		}
	}))))
	for _, c := range []struct {
		lengths []string
		want    string
	}{
		{nil, "200"}, {[]string{"3"}, "200"}, {[]string{"03"}, "200"},
		{[]string{"3, 38"}, "400"}, {[]string{"3,3"}, "400"}, {[]string{"3", "3"}, "400"}, {[]string{"3", "38"}, "400"},
		{[]string{"3", ""}, "400"},
		{[]string{"+3"}, "400"}, {[]string{"-3"}, "400"}, {[]string{"0x3"}, "400"}, {[]string{"3.0"}, "400"},
		{[]string{"3e0"}, "400"}, {[]string{"3_0"}, "400"},
		{[]string{""}, "400"}, {[]string{" 3"}, "400"}, {[]string{"3 "}, "400"}, {[]string{"3;"}, "400"},
		{[]string{"\xef\xbc\x93"}, "400"},
		{[]string{"99999999999999999999"}, "400"}, {[]string{"18446744073709551619"}, "400"},
		{[]string{"2"}, "400"}, {[]string{"4"}, "INTERNAL_ERROR"},
	} {
		client := f.rawHTTP2()
		var headers []string
		for _, l := range c.lengths {
			headers = append(headers, "content-length", l)
		}
		stream, err := client.post("/public/x", "abc", headers...)
		if err != nil {
			t.Fatal(err)
		}
		// x/net resets the stream should the body come before our answer.
		if got := client.status(stream); got != c.want && !(c.want == "400" && got == "PROTOCOL_ERROR") {
			t.Errorf("%q: %s, want %s", c.lengths, got, c.want)
		}
		select {
		case got := <-whole:
			if c.want != "200" || got != "abc" {
				t.Errorf("%q: the target got %q", c.lengths, got)
			}
		default:
			if c.want == "200" {
				t.Errorf("%q: the target got nothing", c.lengths)
			}
		}
		client.conn.Close()
	}
}

// TestRapidReset (CVE-2023-44487): requests that are cancelled as soon as they are
// sent cost their sender the connection, and others nothing. No tick comes, so that no
// cancelled request makes room for another one.
func TestRapidReset(t *testing.T) {
	f := start(t, byHand)
	release := make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public/wait" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))))
	c := f.rawHTTP2()
	ended := make(chan http2.ErrCode, 1)
	go func() {
		for {
			switch frame, err := c.ReadFrame(); frame := frame.(type) {
			case *http2.GoAwayFrame:
				ended <- frame.ErrCode
				return
			default:
				if err != nil && !errors.As(err, new(http2.StreamError)) {
					ended <- http2.ErrCodeNo
					return
				}
			}
		}
	}()
	for range 100_000 {
		stream, err := c.request("GET", "/public/wait")
		if err == nil {
			err = c.WriteRSTStream(stream, http2.ErrCodeCancel)
		}
		if err != nil {
			break // told to go
		}
	}
	if code := <-ended; code != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("the connection ended with %s", code)
	}
	if n := f.server.inFlight[0].Load(); n > 128 {
		t.Errorf("%d requests were begun", n)
	}
	both(t, f, func(t *testing.T, c *http.Client) {
		if r := get(t, c, "/public/x"); r.StatusCode != 200 {
			t.Error(r.Status)
		}
	})
	close(release)
}
