package proxy

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nexushub/nexushub/proxy/h1"
)

// local lets a net/http handler of our own answer on this connection.
func (c *conn) local(h http.Handler, x *exchange) {
	w := &localWriter{c: c, x: x, header: http.Header{}}
	h.ServeHTTP(w, c.httpRequest(x))
	if err := w.finish(); err != nil {
		x.cut(err)
	}
}

// httpRequest is the request as net/http knows it.
func (c *conn) httpRequest(x *exchange) *http.Request {
	r := &http.Request{
		Method: x.req.method, Host: x.req.authority, RequestURI: x.req.requestURI,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: c.msg.Minor,
		Header: http.Header{}, ContentLength: c.bodyLength(),
		RemoteAddr: c.peer.String(), Body: io.NopCloser(&localBody{c: c}),
	}
	r.URL, _ = url.ParseRequestURI(x.req.requestURI)
	if r.URL == nil {
		r.URL = &url.URL{Path: x.req.path}
	}
	for i := range c.msg.Fields {
		f := &c.msg.Fields[i]
		r.Header.Add(string(f.Name), string(f.Value))
	}
	return r
}

// localBody reads the request body for a handler of our own.
type localBody struct {
	c    *conn
	rest []byte
}

func (b *localBody) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.c.state.has(awaitsContinue) {
			b.c.state.clear(awaitsContinue)
			if err := b.c.proceed(); err != nil {
				return 0, err
			}
		}
		b.c.waiting.set(waitBody, b.c.server.opt.StallTimeout)
		rest, err := b.c.read()
		b.c.waiting.set(waitNone, 0)
		if err != nil {
			return 0, err
		}
		b.rest = rest
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// localWriter is the http.ResponseWriter of local. What fits into one buffer goes out
// with its length; what does not is sent as it comes.
type localWriter struct {
	c      *conn
	x      *exchange
	header http.Header
	status int
	body   []byte
	begun  bool
	err    error // of a write
}

func (w *localWriter) Header() http.Header { return w.header }

func (w *localWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *localWriter) Write(p []byte) (int, error) {
	w.WriteHeader(200)
	if w.x.req.method == "HEAD" {
		return len(p), nil
	}
	if w.err != nil {
		return 0, w.err
	}
	w.x.sent += int64(len(p))
	if !w.begun && len(w.body)+len(p) <= h1.Small && w.header.Get("Content-Length") == "" {
		w.body = append(w.body, p...)
		return len(p), nil
	}
	if w.err = w.begin(-1); w.err == nil {
		w.err = w.c.write(p)
	}
	return len(p), w.err
}

// begin sends the head, with the length that the handler has set if it has.
func (w *localWriter) begin(length int64) error {
	if w.begun {
		return nil
	}
	w.begun = true
	w.x.status = w.status
	if w.x.req.method == "HEAD" || w.status == 304 || w.status == 204 {
		length = -1
	}
	if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	head := h1.Head{Status: w.status, Minor: 1}
	for name, values := range w.header {
		for _, v := range values {
			field := h1.Field{Name: []byte(name), Value: []byte(v), ID: h1.NameOf([]byte(name))}
			head.Fields = append(head.Fields, field)
		}
	}
	if err := w.c.start(&head, length, w.x); err != nil {
		return err
	}
	return w.c.write(w.body)
}

func (w *localWriter) finish() error {
	w.WriteHeader(200)
	if w.err == nil {
		w.err = w.begin(int64(len(w.body)))
	}
	if w.err == nil && isShort(w.header, w.x) {
		return errShortFile
	}
	if w.err == nil {
		w.err = w.c.end(nil)
	}
	if w.err != nil {
		return &clientError{err: w.err}
	}
	return nil
}

// isShort says that a handler of our own has written less than it announced.
func isShort(header http.Header, x *exchange) bool {
	n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	return err == nil && x.sent < n && x.req.method != http.MethodHead
}
