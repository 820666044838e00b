package proxy

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
	"github.com/nexushub/nexushub/proxyctl"
)

// earlyRoutes lead to targets that answer before they have read the request, each in its way.
func earlyRoutes(t *testing.T) []proxyctl.Route {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(413)
		io.WriteString(w, "too big")
	})
	closes := func(answer string) proxyctl.Route {
		l := listen(t, "tcp", "127.0.0.1:0")
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				http.ReadRequest(bufio.NewReaderSize(c, 16))
				io.WriteString(c, answer)
				c.Close() // over what it has not read: the kernel resets it
			}
		}()
		return proxyctl.Route{State: proxyctl.StateReady, ProxyAll: true,
			Target: &proxyctl.Target{Network: "tcp", Address: l.Addr().String()}}
	}
	routes := []proxyctl.Route{appRoute(t, refuse),
		closes("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big"),
		closes("HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ntoo big\r\n0\r\n\r\n")}
	for i, name := range []string{"app", "closes", "untold"} {
		r := &routes[i]
		r.Name, r.Instance = name, fmt.Sprintf("11111111-1111-4111-8111-%012d", i)
		r.Hosts, r.Target.ID = []string{name + ".yesterday.localhost"}, name
	}
	return routes
}

// earlyAnswers are requests that are answered early, and by what.
var earlyAnswers = []struct {
	name, host, head string
	status           int
}{
	{"our refusal", appHost, "POST /api/x", 401},
	{"no such host", "nobody.yesterday.localhost", "POST /x", 421},
	{"no such reading", appHost, "POST /x//y", 400},
	{"a body where none is wanted", appHost, "GET /api/x", 401},
	{"an application that lives on", appHost, "POST /x", 413},
	{"an application that closes", "closes.yesterday.localhost", "PUT /x", 413},
	{"an application that closes unannounced", "untold.yesterday.localhost", "POST /x", 413},
}

// TestEarlyAnswersReachWhoSendsFirst and reads later, however much there is to send.
func TestEarlyAnswersReachWhoSendsFirst(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	f.apply(table(earlyRoutes(t)...))
	for _, c := range earlyAnswers {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " chunked=", chunked), func(t *testing.T) {
				f.t = t
				for i := range 21 {
					conn := f.dialProtocol(appHost, "http/1.1")
					size := 2 << 20
					if i == 0 {
						size = 30 << 20
					}
					sendAll(t, conn, c.head, c.host, size, chunked)
					r, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil || r.StatusCode != c.status {
						t.Fatalf("%d: %+v, %v; want %d", i, r, err, c.status)
					}
					if got := body(t, r); c.status == 413 && got != "too big" {
						t.Errorf("%q", got)
					}
					conn.Close()
				}
			})
		}
	}
	f.t = t
}

func sendAll(t *testing.T, conn net.Conn, head, host string, size int, chunked bool) {
	t.Helper()
	framing := fmt.Sprint("Content-Length: ", size)
	if chunked {
		framing = "Transfer-Encoding: chunked"
	}
	if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", head, host, framing); err != nil {
		t.Fatal(err)
	}
	piece := strings.Repeat("x", 64<<10)
	for ; size > 0; size -= len(piece) {
		var err error
		if chunked {
			_, err = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece)
		} else {
			_, err = io.WriteString(conn, piece)
		}
		if err != nil {
			t.Fatalf("with %d bytes to send: %v", size, err)
		}
	}
	if chunked {
		io.WriteString(conn, "0\r\n\r\n")
	}
}

// refuseUpload sends the head of a refused upload without end and reads the answer.
func refuseUpload(f *fixture, c *tls.Conn) (*http.Response, *bufio.Reader) {
	f.t.Helper()
	io.WriteString(c, "POST /api/x HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 1000000000\r\n\r\n")
	in := bufio.NewReader(c)
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 401 || !r.Close {
		f.t.Fatal(r, err)
	}
	io.Copy(io.Discard, r.Body)
	f.await(waitLinger)
	return r, in
}

// lingers is the only connection, which lingers.
func (f *fixture) lingers() (lingers *conn) {
	f.t.Helper()
	for _, w := range f.server.deadlines.all() {
		if c, ok := w.(*conn); ok {
			if p, _ := c.waiting.read(); p == waitLinger {
				return c
			}
		}
	}
	f.t.Fatal("none lingers")
	return nil
}

func (f *fixture) connectionsGone() {
	f.t.Helper()
	eventually(f.t, "the connection is closed", func() bool { return f.server.conns.Load() == 0 })
}

func ticksIn(d time.Duration) int { return int(d / tick) }

func TestLingersUntilTheClientIsSilent(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	refuseUpload(f, f.dial(appHost))
	f.tick(ticksIn(lingerSilence))
	f.lingers()
	f.tick(2)
	f.connectionsGone()
}

// TestLingersNotForEver: a client that goes on sending is thrown out in the end.
func TestLingersNotForEver(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	client := f.dial(appHost)
	refuseUpload(f, client)
	lingers := f.lingers()
	const step = 4 * time.Second
	for range int(lingerTime/step) - 1 {
		f.tick(ticksIn(step))
		_, before := lingers.waiting.read()
		io.WriteString(client, "more")
		eventually(t, "it is heard", func() bool {
			_, deadline := lingers.waiting.read()
			return deadline > before
		})
	}
	f.lingers()
	f.tick(ticksIn(lingerTime%step + step))
	f.connectionsGone()
}

// TestNothingLingeringIsARequest: what follows an upload that was refused is no request, even
// where it would be one.
func TestNothingLingeringIsARequest(t *testing.T) {
	f := start(t, byHand)
	var reached atomic.Int64
	f.apply(table(appRoute(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))))
	next := "GET /public/smuggled HTTP/1.1\r\nHost: " + appHost + "\r\n\r\n"
	for _, rest := range []string{"Content-Length: 5\r\n\r\nhello" + next, "Content-Length: 5\r\n\r\n" + next + next,
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + next, "Transfer-Encoding: chunked\r\n\r\nx\r\n" + next,
		"Content-Length: 0\r\nConnection: close\r\n\r\n" + next} {
		client := f.dial(appHost)
		io.WriteString(client, "POST /api/x HTTP/1.1\r\nHost: "+appHost+"\r\n"+rest)
		in := bufio.NewReader(client)
		r, err := http.ReadResponse(in, nil)
		if err != nil || r.StatusCode != 401 {
			t.Fatal(r, err)
		}
		body(t, r)
		if more, err := io.ReadAll(in); err != nil || len(more) > 0 {
			t.Errorf("after %q came %q, %v", rest, more, err)
		}
		client.Close()
	}
	f.connectionsGone()
	if n := reached.Load(); n > 0 {
		t.Errorf("%d requests came through", n)
	}
}

// TestLingeringEndsWithTheClient: who has sent everything and says so is not waited for.
func TestLingeringEndsWithTheClient(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	for name, leave := range map[string]func(*tls.Conn){
		"closes":      func(c *tls.Conn) { c.Close() },
		"half closes": func(c *tls.Conn) { c.NetConn().(*net.TCPConn).CloseWrite() },
		"resets":      func(c *tls.Conn) { c.NetConn().(*net.TCPConn).SetLinger(0); c.NetConn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			client := f.dial(appHost)
			refuseUpload(f, client)
			leave(client)
			f.connectionsGone()
		})
	}
}

// TestNoContinueBeforeARefusal: who asks first is refused first, and need not send.
func TestNoContinueBeforeARefusal(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	client := f.dial(appHost)
	io.WriteString(client, "POST /api/x HTTP/1.1\r\nHost: "+appHost+
		"\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
	if r, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || r.StatusCode != 401 {
		t.Error("HTTP/1.1:", r, err)
	}
	c := f.rawHTTP2()
	if _, err := c.begin(false, "POST", "/api/x", "expect", "100-continue", "content-length", "1000000"); err != nil {
		t.Fatal(err)
	}
	if got := <-c.frames(); got != "401" {
		t.Error("HTTP/2:", got)
	}
}

// TestLingeringHoldsNoStop: a client that goes on sending does not keep the proxy.
func TestLingeringHoldsNoStop(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			f := start(t)
			f.apply(table(appRoute(t, http.NotFoundHandler())))
			var send func() error
			if protocol == "h2" {
				c := f.rawHTTP2()
				stream := c.refusedUpload()
				_, pings := c.framesAndPings()
				send = func() error {
					select {
					case ping := <-pings:
						return c.WritePing(true, ping)
					default:
						return c.WriteData(stream, false, []byte("more"))
					}
				}
			} else {
				client := f.dial(appHost)
				refuseUpload(f, client)
				send = func() error { _, err := io.WriteString(client, "more"); return err }
			}
			ended := newDone(func() {
				for send() == nil {
					time.Sleep(tick)
				}
			})
			f.stop()
			if n := f.server.conns.Load(); n > 0 {
				t.Errorf("%d connections were left when the proxy had to end", n)
			}
			<-ended
		})
	}
}

// TestLingeringGoesFirst: before connections that have not sent anything yet.
func TestLingeringGoesFirst(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			f := start(t, byHand, func(o *Options) { o.MaxConnections = 3 })
			f.apply(table(appRoute(t, http.NotFoundHandler())))
			silent, idle := f.dial(appHost), f.dial(appHost)
			f.tick(ticksIn(newConnGrace) + 4)
			io.WriteString(idle, "GET /public/x HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n")
			in := bufio.NewReader(idle)
			if r, err := http.ReadResponse(in, nil); err != nil || body(t, r) == "" {
				t.Fatal(r, err)
			}
			var closed func() error
			if protocol == "h2" {
				c := f.rawHTTP2()
				c.refusedUpload()
				words := c.frames()
				closed = func() error {
					for word := range words {
						if word == "leave" {
							return io.EOF
						}
					}
					return errors.New("no GOAWAY")
				}
			} else {
				client := f.dial(appHost)
				_, in := refuseUpload(f, client)
				closed = func() error {
					if _, err := in.ReadByte(); err != io.EOF { // the close_notify that it has got already
						return err
					}
					f.connectionsAre(3)
					return io.EOF
				}
			}
			f.dial(appHost)
			if err := closed(); err != io.EOF {
				t.Error(err)
			}
			for _, c := range []*tls.Conn{silent, idle} {
				io.WriteString(c, "GET /public/x HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n")
				if r, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || body(t, r) == "" {
					t.Error(r, err)
				}
			}
		})
	}
}

func (f *fixture) connectionsAre(n int64) {
	f.t.Helper()
	eventually(f.t, fmt.Sprint(n, " connections"), func() bool { return f.server.conns.Load() == n })
}

// TestEvictedConnectionsDoNotLinger: there is no room for them.
func TestEvictedConnectionsDoNotLinger(t *testing.T) {
	f := start(t, byHand)
	c := &conn{server: f.server}
	c.waiting.clock = &f.server.deadlines.clock
	c.state.set(evicted)
	c.linger() // would read from a connection that it does not have
}

// TestTargetThatLeavesAnUpload without an answer is what failed, not the client, which was about
// to send more.
func TestTargetThatLeavesAnUpload(t *testing.T) {
	f := start(t, byHand)
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			c.Close()
		}
	}()
	route := appRoute(t, http.NotFoundHandler())
	route.Target = &proxyctl.Target{ID: "leaves", Network: "tcp", Address: l.Addr().String()}
	f.apply(table(route))
	client := f.dial(appHost)
	io.WriteString(client, "POST /x HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 1000000\r\n\r\nx")
	if r, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || r.StatusCode != 502 {
		t.Error("HTTP/1.1:", r, err)
	}
	c := f.rawHTTP2()
	stream, err := c.begin(false, "POST", "/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.status(stream); got != "502" {
		t.Error("HTTP/2:", got)
	}
}

// TestTargetThatReadsNothing gets no other request on that connection, though all of the first was
// written to it: it may be about to close.
func TestTargetThatReadsNothing(t *testing.T) {
	f := start(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	connections, answer := make(chan struct{}, 10), make(chan struct{}, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections <- struct{}{}
			shrink(t, c)
			go func() {
				defer c.Close()
				http.ReadRequest(bufio.NewReaderSize(c, 16))
				<-answer
				io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
				<-t.Context().Done()
			}()
		}
	}()
	route := appRoute(t, http.NotFoundHandler())
	route.Target = &proxyctl.Target{ID: "deaf", Network: "tcp", Address: l.Addr().String()}
	f.apply(table(route))
	client := f.dial(appHost)
	in := bufio.NewReader(client)
	for range 2 {
		sendAll(t, client, "POST /x", appHost, 512<<10, false)
		eventually(t, "a new connection", func() bool {
			select {
			case <-connections:
				return true
			default:
				return false
			}
		})
		eventually(t, "the body is on its way", func() bool {
			for _, w := range f.server.deadlines.all() {
				if c, ok := w.(*conn); ok && c.state.has(bodyRead) {
					return true
				}
			}
			return false
		})
		answer <- struct{}{}
		if r, err := http.ReadResponse(in, nil); err != nil || r.StatusCode != 413 || r.Close {
			t.Fatal(r, err)
		}
	}
}

// pieces is a client that sends some, and nothing else.
type pieces struct {
	downstream
	left int
}

func (p *pieces) bodyLength() int64     { return -1 }
func (p *pieces) expectsContinue() bool { return false }
func (p *pieces) trailers() []h1.Field  { return nil }
func (p *pieces) read() ([]byte, error) {
	if p.left == 0 {
		return nil, io.EOF
	}
	p.left--
	return []byte("x"), nil
}

// TestUntakenBodyIsReadOn: the client may be one that takes the response only then.
func TestUntakenBodyIsReadOn(t *testing.T) {
	near, far := net.Pipe()
	far.Close()
	from := &pieces{left: 10}
	p := newPump(&exchange{downstream: from, server: &Server{}})
	p.u = newUpstream(near)
	if err := p.copy(); err != nil || from.left > 0 || !p.rejected || !p.bodyRead.Load() {
		t.Errorf("%d pieces left, %v, rejected %v", from.left, err, p.rejected)
	}
}

// TestEarlyAnswersOfEveryKind: every other place that answers before it has read everything.
func TestEarlyAnswersOfEveryKind(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	down, held, files := appRoute(t, http.NotFoundHandler()), appRoute(t, http.NotFoundHandler()), appRoute(t, nil)
	for i, r := range []*proxyctl.Route{&down, &held, &files} {
		r.Name = []string{"down", "held", "files"}[i]
		r.Instance, r.Hosts = r.Name, []string{r.Name + ".yesterday.localhost"}
	}
	down.State, held.State = proxyctl.StateDown, proxyctl.StateStarting
	files.ProxyAll, files.StaticDir = false, t.TempDir()
	takes := routeTo(t, appID, appHost, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ok" {
			return
		}
		io.Copy(io.Discard, r.Body)
	}))
	f.apply(table(takes, down, held, files))
	const length, chunks = "Content-Length: 2097152\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"
	head := func(start, name string) string {
		return start + " HTTP/1.1\r\nHost: " + name + ".yesterday.localhost\r\n"
	}
	for name, c := range map[string]struct {
		head string
		want int
	}{
		"an application that is down":      {head("POST /x", "down") + length, 503},
		"an application that starts":       {head("POST /x", "held") + length, 503},
		"a file":                           {head("POST /x", "files") + length, 405},
		"no file":                          {head("GET /x", "files") + length, 404},
		"setting a token":                  {head("POST /api/set_token", "app") + length, 405},
		"an access token":                  {head("POST /api/access_token", "app") + length, 200},
		"a good answer":                    {head("POST /ok", "app") + length, 200},
		"a bad chunk":                      {head("POST /x", "app") + chunks + "1\r\na\r\nzz\r\n", 400},
		"a bad chunk later":                {head("POST /x", "app") + chunks + "9000\r\n" + strings.Repeat("x", 0x9000) + "\r\nzz\r\n", 400},
		"a head that is too large":         {head("POST /x", "app") + "X: ", 431},
		"too many lines":                   {head("POST /x", "app") + strings.Repeat("X: y\r\n", 200) + length, 431},
		"a target that is too long":        {"GET /", 414},
		"two lengths":                      {head("POST /x", "app") + "Content-Length: 1\r\n" + length, 400},
		"another coding":                   {head("POST /x", "app") + "Transfer-Encoding: gzip\r\n\r\n", 501},
		"another version":                  {"POST / HTTP/2.0\r\n\r\n", 505},
		"another expectation":              {head("POST /x", "app") + "Expect: x\r\n" + length, 417},
		"a method that is none":            {"CONNECT app:443 HTTP/1.1\r\nHost: app:443\r\n\r\n", 400},
		"a protocol that nobody speaks":    {head("GET /api/x", "app") + "Connection: upgrade\r\nUpgrade: h2c\r\n" + length, 401},
		"HTTP/1.0":                         {"POST /api/x HTTP/1.0\r\nHost: " + appHost + "\r\n" + length, 401},
		"who asked first and did not wait": {head("POST /api/x", "app") + "Expect: 100-continue\r\n" + length, 401},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			for range 5 {
				answeredEarly(t, f.dial(appHost), c.head, c.want)
			}
		})
	}
	f.t = t
	for name, want := range map[string]string{"down": "503", "held": "503", "files": "405", "app": "200"} {
		t.Run("HTTP/2, "+name, func(t *testing.T) {
			c := f.rawHTTP2()
			if got, _, err := c.upload("POST", name+".yesterday.localhost", "/ok", 2<<20); got != want || err != nil {
				t.Errorf("%s, %v; want %s", got, err, want)
			}
		})
	}
	t.Run("without TLS", func(t *testing.T) {
		for range 5 {
			conn, err := net.Dial("tcp", f.plain)
			if err != nil {
				t.Fatal(err)
			}
			answeredEarly(t, conn, head("POST /x", "app")+length, 308)
		}
	})
}

// answeredEarly sends what begins with head, 2 MiB of it, and then reads the answer.
func answeredEarly(t *testing.T, conn net.Conn, head string, want int) {
	t.Helper()
	defer conn.Close()
	if _, err := io.WriteString(conn, head+strings.Repeat("x", 2<<20)); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || r.StatusCode != want {
		t.Fatalf("%+v, %v; want %d", r, err, want)
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Error(err)
	}
}
