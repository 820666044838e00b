package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Path: evil\r\n\r\nEVIL"

// sloppy is a target that answers "/evil" with first and, when told, with more on the
// same connection; everything else gets its own path.
type sloppy struct {
	net.Listener
	first string
	more  chan string   // what comes late
	said  chan struct{} // it has
}

func sloppyTarget(t *testing.T, network, address, first string) *sloppy {
	s := &sloppy{Listener: listen(t, network, address), first: first, more: make(chan string),
		said: make(chan struct{})}
	t.Cleanup(func() { s.Close() })
	go func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *sloppy) serve(c net.Conn) {
	defer c.Close()
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		if r.URL.Path != "/evil" {
			answerPath(c, r)
			continue
		}
		io.WriteString(c, s.first)
		if more := <-s.more; more != "" {
			io.WriteString(c, more)
		}
		s.said <- struct{}{}
	}
}

func answerPath(c net.Conn, r *http.Request) {
	body := r.URL.Path
	if r.Method == "HEAD" {
		body = ""
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Path: %s\r\n\r\n%s", len(r.URL.Path), r.URL.Path, body)
}

// sloppiness is what a target sends as, and after, its response.
var sloppiness = map[string]struct{ method, first, late string }{
	"HEAD with content":     {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 66\r\n\r\n", evil},
	"HEAD, content at once": {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 66\r\n\r\n" + evil, ""},
	"HEAD, last chunk":      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n" + evil},
	"204 with content":      {"POST", "HTTP/1.1 204 No Content\r\n\r\n", evil},
	"204 with a length":     {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 66\r\n\r\n", evil},
	"205 with content":      {"GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 66\r\n\r\n", evil},
	"205, content at once":  {"GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 66\r\n\r\n" + evil, evil},
	"304 with content":      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 66\r\n\r\n", evil},
	"304, content at once":  {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 66\r\n\r\n" + evil, ""},
	"more than its length":  {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil, ""},
	"... later":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", evil},
	"... to a POST":         {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", evil},
	"behind the last chunk": {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
		evil, ""},
	"... a moment later": {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		evil},
	"a line end": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "\r\n"},
	"an interim response": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\n"},
	"a switch of protocols": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
	"half a response": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nX-Path: evil\r\n"},
	"interim, then too much": {"GET",
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", evil},
}

// TestNobodyGetsAnothersAnswer: what a target sends behind its response, at once or
// later, answers no other request, of whatever method and protocol.
func TestNobodyGetsAnothersAnswer(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	dir, n := t.TempDir(), 0
	for name, c := range sloppiness {
		for _, network := range []string{"tcp", "unix"} {
			for _, http2 := range []bool{false, true} {
				n++
				address := map[string]string{"tcp": "127.0.0.1:0", "unix": fmt.Sprint(dir, "/", n)}[network]
				s := sloppyTarget(t, network, address, c.first)
				f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost},
					State: proxyctl.StateReady, ProxyAll: true,
					Target: &proxyctl.Target{ID: fmt.Sprint(n), Network: network, Address: s.Addr().String()}}))
				client := f.http(http2)
				ask(t, client, c.method, "/evil")
				s.more <- c.late
				<-s.said
				for i, method := range []string{"GET", "POST", "HEAD", "GET"} {
					path := fmt.Sprint("/account-of-", i)
					if r, got := ask(t, client, method, path); r.StatusCode != 200 || r.Header.Get("X-Path") != path ||
						(method != "HEAD" && got != path) {
						t.Errorf("%s, %s, http2 %v: %s %s: %s %v %q", name, network, http2, method, path, r.Status,
							r.Header, got)
					}
				}
				client.CloseIdleConnections()
			}
		}
	}
}

func ask(t *testing.T, c *http.Client, method, path string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, "https://"+appHost+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == 304 {
		return resp, "" // net/http's HTTP/2 client waits for the content that its length speaks of
	}
	return resp, body(t, resp)
}

// TestNoisyTargetGetsConnectionsOnce: what was heard once is not risked again.
func TestNoisyTargetGetsConnectionsOnce(t *testing.T) {
	f := start(t)
	s := sloppyTarget(t, "tcp", "127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true,
		Target:   &proxyctl.Target{ID: "noisy", Network: "tcp", Address: s.Addr().String()}}))
	kept := func() (n int) {
		target := f.server.targets.find("noisy")
		target.mu.Lock()
		defer target.mu.Unlock()
		return len(target.idle)
	}
	client := f.http(false)
	ask(t, client, "GET", "/a")
	eventually(t, "the connection is kept", func() bool { return kept() == 1 })
	ask(t, client, "GET", "/evil")
	eventually(t, "the connection is kept", func() bool { return kept() == 1 })
	s.more <- evil
	<-s.said
	for range 3 {
		ask(t, client, "GET", "/a")
		eventually(t, "the request ends", func() bool { return f.server.inFlight[0].Load() == 0 })
		if n := kept(); n > 0 {
			t.Errorf("%d connections are kept", n)
		}
	}
}

// TestHalfARequestAnswered: who answers before the request has ended may read its rest
// as another one, whose answer would be somebody else's.
func TestHalfARequestAnswered(t *testing.T) {
	f := start(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	conns := make(chan int, 10)
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
					conns <- n
					io.Copy(io.Discard, r.Body)
					io.WriteString(c, "k")
				}
			}()
		}
	}()
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true,
		Target:   &proxyctl.Target{ID: "early", Network: "tcp", Address: l.Addr().String()}}))
	both(t, f, func(t *testing.T, client *http.Client) {
		in, out := io.Pipe()
		r, _ := http.NewRequest("POST", "https://"+appHost+"/upload", in)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		first := <-conns
		out.Close()
		body(t, resp)
		ask(t, client, "GET", "/account")
		if second := <-conns; second == first {
			t.Error("the connection was used again")
		}
	})
}

// TestProbe: what lies in the kernel, and what TLS has read ahead.
func TestProbe(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	defer cert.Close()
	for name, c := range map[string]struct {
		send, read string // what the target sends, and what of it is read
		later      string
		close      bool
		want, tls  probeResult
	}{
		"silent":               {"answer", "answer", "", false, probeSilent, probeSilent},
		"one record":           {"answermore", "answer", "", false, probeUnsolicited, probeUnsolicited},
		"more, later":          {"answer", "answer", "more", false, probeUnsolicited, probeUnusable},
		"closed":               {"answer", "answer", "", true, probeUnusable, probeUnusable},
		"more, then closed":    {"answer", "answer", "more", true, probeUnsolicited, probeUnusable},
		"one record, then end": {"answermore", "answer", "", true, probeUnsolicited, probeUnsolicited},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", tls ", secure), func(t *testing.T) {
				near, far := socketPair(t)
				want := c.want
				if secure {
					near, far, want = tls.Client(near, &tls.Config{InsecureSkipVerify: true}),
						tls.Server(far, cert.TLS), c.tls
					go io.WriteString(far, c.send)
				} else {
					io.WriteString(far, c.send)
				}
				u := newUpstream(near)
				if _, err := io.ReadFull(u, make([]byte, len(c.read))); err != nil {
					t.Fatal(err)
				}
				if c.later != "" {
					io.WriteString(far, c.later)
				}
				if c.close {
					far.Close()
				}
				for range 2 { // looking changes nothing
					if got := u.probe.check(); got != want && !(secure && c.send != c.read && got == probeUnusable) {
						t.Errorf("%d, want %d", got, want)
					}
				}
				if want == probeSilent {
					go io.WriteString(far, "next")
					b := make([]byte, 4)
					if _, err := io.ReadFull(u, b); err != nil || !bytes.Equal(b, []byte("next")) {
						t.Errorf("then %q, %v", b, err)
					}
				}
			})
		}
	}
}

func socketPair(t *testing.T) (near, far net.Conn) {
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}
