package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// sloppy ends a connection's response wrongly when it is asked to, and goes on.
type sloppy struct {
	more chan struct{} // the late part is to be sent
	said chan struct{} // it has been
}

// ServeHTTP answers with the bytes of the query's "first" and, when asked for, "late".
func (s *sloppy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	s.answer(c, r.URL.Query())
	for {
		r, err := http.ReadRequest(buf.Reader)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body) //nolint:errcheck // the next head will tell
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.URL.Path), r.URL.Path)
	}
}

func (s *sloppy) answer(c net.Conn, q url.Values) {
	io.WriteString(c, q.Get("first")) //nolint:errcheck // the proxy may have closed
	<-s.more
	io.WriteString(c, q.Get("late")) //nolint:errcheck // so it should have
	s.said <- struct{}{}
}

func (s *sloppy) late(w http.ResponseWriter, _ *http.Request) {
	s.more <- struct{}{}
	<-s.said
	fmt.Fprintln(w, "said")
}

// raw answers with the bytes of the query's "answer" and closes the connection.
func raw(w http.ResponseWriter, r *http.Request) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		io.WriteString(c, r.URL.Query().Get("answer")) //nolint:errcheck // the proxy may have closed
		c.Close()
	}
}

// flood sends interim responses until nobody takes them.
func (a *app) flood(w http.ResponseWriter, _ *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	out := bufio.NewWriter(c)
	for err == nil {
		_, err = fmt.Fprintf(out, "HTTP/1.1 103 Early Hints\r\nLink: <%060000d>\r\n\r\n", 0)
	}
	a.left.Add(1)
}

// early refuses an upload unread; if asked to, it closes the connection at once.
func early(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has("close") {
		http.Error(w, "too big", http.StatusRequestEntityTooLarge)
		return
	}
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big") //nolint:errcheck // nobody is there
}
