package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

const (
	okHead      = "HTTP/1.1 200 OK\r\n"
	chunkedHead = okHead + "Transfer-Encoding: chunked\r\n\r\n"
	lengthHead  = okHead + "Content-Length: 5\r\n\r\n"
	tooMuch     = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
)

// answers that targets give, after which they close the connection, and what clients get.
var targetAnswers = []struct {
	name, raw string
	status    int
	text      string // body of a 2xx, of others what the detail contains
	sent      int    // when it was cut: the status that the client was told
	cause     string // in the log
}{
	{"plain", lengthHead + "hello", 200, "hello", 0, ""},
	{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, ""},
	{"204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", 0, ""},
	{"204 with a coding", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 204, "", 0, ""},
	{"204 with content", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204, "", 0, ""},
	{"304 with content", "HTTP/1.1 304 Not Modified\r\n\r\nhello", 304, "", 0, ""},
	{"until close", okHead + "\r\nhello", 200, "hello", 0, ""},
	{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", 0, ""},
	{"early hints", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + lengthHead + "hello", 200, "hello", 0, ""},
	{"processing", "HTTP/1.1 102 Processing\r\n\r\n" + lengthHead + "hello", 200, "hello", 0, ""},
	{"unasked continue", "HTTP/1.1 100 Continue\r\n\r\n" + lengthHead + "hello", 200, "hello", 0, ""},
	{"longer than its length", lengthHead + "hello" + tooMuch, 200, "hello", 0, ""},
	{"longer than its chunks", chunkedHead + "5\r\nhello\r\n0\r\n\r\n" + tooMuch, 200, "hello", 0, ""},

	{"blank behind the chunk size", chunkedHead + "5  \r\nhello\r\n0\r\n\r\n", 200, "hello", 0, ""},
	{"chunk extension", chunkedHead + "5;a=\"b\"\r\nhello\r\n0\r\n\r\n", 200, "hello", 0, ""},
	{"padded chunk size", chunkedHead + "00000000000000000005\r\nhello\r\n00000000\r\n\r\n", 200, "hello", 0, ""},
	{"chunks with LF", chunkedHead + "5\nhello\n0\n\n", 200, "hello", 0, ""},
	{"trailer that frames", chunkedHead + "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", 200, "hello", 0, ""},
	{"LF alone", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello", 0, ""},
	{"folded", okHead + "X: a;\r\n  b\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0, ""},
	{"name with a blank", okHead + "Secured By : Acme\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0, ""},
	{"no reason", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0, ""},
	{"length twice", okHead + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0, ""},
	{"many cookies", okHead + strings.Repeat("Set-Cookie: a=b\r\n", 150) + "Content-Length: 5\r\n\r\nhello", 200,
		"hello", 0, ""},
	{"a status of its own", "HTTP/1.1 999 Request denied\r\nContent-Length: 5\r\n\r\nhello", 999, "hello", 0, ""},

	{"nothing", "", 502, "closed the connection without an answer", 0, "without an answer"},
	{"half a head", okHead + "X: y", 502, "The answer broke off", 0, "the answer broke off"},
	{"another protocol", "220 mail.example\r\n", 502, "malformed answer", 0, "malformed status line"},
	{"lengths that differ", okHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, "malformed answer", 0,
		"malformed or repeated Content-Length"},
	{"length and coding", okHead + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 502,
		"malformed answer", 0, "contradict each other"},
	{"coding twice", okHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502,
		"malformed answer", 0, "Transfer-Encoding is there twice"},
	{"coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502, "malformed answer", 0,
		"HTTP/1.0 has no Transfer-Encoding"},
	{"unasked switch", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", 502,
		"malformed answer", 0, "without being asked"},
	{"interim flood", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100), 502, "malformed answer", 0,
		"too many interim responses"},
	{"large head", okHead + "X: " + strings.Repeat("x", 70_000) + "\r\n\r\n", 502, "header that is too large", 0,
		"proxy.max_header_bytes is 65536"},
	{"no chunks", chunkedHead + "<html>hello", 502, "malformed answer", 0, "upstream body: malformed chunk"},
	{"malformed chunk size", chunkedHead + "5 5\r\nhello\r\n0\r\n\r\n", 502, "malformed answer", 0, "malformed chunk"},
	{"second chunk malformed", chunkedHead + "5\r\nhello\r\nx\r\nhello\r\n0\r\n\r\n", 502, "malformed answer", 0,
		"malformed chunk"},
	{"compressed, malformed", okHead + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n\x1f\x8b\x08", 502,
		"malformed answer", 0, "malformed chunk"},
	{"malformed trailer", chunkedHead + "5\r\nhello\r\n0\r\nX\r\n\r\n", 502, "malformed answer", 0, "trailer"},

	{"short", okHead + "Content-Length: 50\r\n\r\nhello", 502, "", 200, "upstream body: the answer broke off"},
	{"no last chunk", chunkedHead + "5\r\nhello\r\n", 502, "", 200, "upstream body: the answer broke off"},
	{"cut chunk", chunkedHead + "50\r\nhello", 502, "", 200, "upstream body: the answer broke off"},
	{"half a last chunk", chunkedHead + "5\r\nhello\r\n0\r\n", 502, "", 200, "upstream body: the answer broke off"},
	{"malformed after much", chunkedHead + "9c40\r\n" + strings.Repeat("z", 40_000) + "\r\nx\r\n", 502, "", 200,
		"upstream body: malformed chunk"},
}

// TestAnswers: an answer with one reading arrives, any other is a 502 that says what kind of
// fault it was while nothing has left, and cannot be taken for a whole one afterwards. The log
// and the metrics say what the client got.
func TestAnswers(t *testing.T) {
	var log counter
	f := start(t, func(o *Options) { o.AccessLog, o.AccessLogRate, o.Log = true, 1000, log.logger() })
	for i, a := range targetAnswers {
		l := answering(t, a.raw)
		name := fmt.Sprint("row", i)
		f.apply(table(proxyctl.Route{Instance: appID, Name: name, Hosts: []string{appHost}, State: proxyctl.StateReady,
			ProxyAll: true, Target: &proxyctl.Target{ID: a.name, Network: "tcp", Address: l.Addr().String()}}))
		both(t, f, func(t *testing.T, c *http.Client) {
			trace := checkAnswer(t, c, a.name, a.status, a.text, a.sent != 0)
			line := loggedLine(t, &log, trace, name)
			want := fmt.Sprintf("status=%d ", a.status)
			if !strings.Contains(line, want) || !strings.Contains(line, a.cause) ||
				strings.Contains(line, "error=") != (a.cause != "") ||
				strings.Contains(line, fmt.Sprint("sent_status=", a.sent)) != (a.sent != 0) {
				t.Errorf("%s: %s", a.name, line)
			}
		})
		l.Close()
	}
}

// checkAnswer asks once and returns the trace id.
func checkAnswer(t *testing.T, c *http.Client, name string, status int, text string, isCut bool) (trace string) {
	t.Helper()
	r, err := c.Get("https://" + appHost + "/x")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	trace = r.Header.Get("X-Trace-ID")
	if isCut {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("%s: the client takes the answer for a whole one", name)
		}
		r.Body.Close()
		return trace
	}
	got := body(t, r)
	if r.StatusCode != status || (status < 300 && got != text) || !strings.Contains(got, text) {
		t.Errorf("%s: %s %q", name, r.Status, got)
	}
	return trace
}

// loggedLine waits for the line about a request.
func loggedLine(t *testing.T, log *counter, trace, app string) (line string) {
	t.Helper()
	eventually(t, "a line in the log", func() bool {
		for l := range strings.Lines(log.text()) {
			if strings.Contains(l, "msg=request ") && strings.Contains(l, "app="+app+" ") &&
				strings.Contains(l, "trace_id="+trace) {
				line = l
			}
		}
		return line != ""
	})
	return line
}

// TestCutIsCounted as what it amounts to.
func TestCutIsCounted(t *testing.T) {
	f := start(t)
	l := answering(t, okHead+"Content-Length: 50\r\n\r\nhello")
	defer l.Close()
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true, Target: &proxyctl.Target{ID: "short", Network: "tcp", Address: l.Addr().String()}}))
	both(t, f, func(t *testing.T, c *http.Client) { checkAnswer(t, c, "short", 502, "", true) })
	eventually(t, "both are counted", func() bool {
		for _, a := range *f.server.targets.stats(appID, "app").traffic.answers.Load() {
			if a.status == 502 && a.n.Load() == 2 {
				return true
			}
		}
		return false
	})
	if n := len(*f.server.targets.stats(appID, "app").traffic.answers.Load()); n != 1 {
		t.Errorf("%d kinds of answers are counted", n)
	}
}

// TestHeadAloneIsSent: nothing waits for a body that may be malformed.
func TestHeadAloneIsSent(t *testing.T) {
	f := start(t)
	next := make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-next
		io.WriteString(w, "late")
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		r := get(t, c, "/x") // returns with the head
		next <- struct{}{}
		if got := body(t, r); got != "late" {
			t.Error(got)
		}
	})
}

// TestUnreachable: who is asked, and why there was no answer, in words.
func TestUnreachable(t *testing.T) {
	f := start(t)
	nobody := "127.0.0.1:1"
	for want, r := range map[string]proxyctl.Route{
		"The application could not be reached.": {ProxyAll: true,
			Target: &proxyctl.Target{ID: "dead", Network: "tcp", Address: nobody}},
		"The development server could not be reached.": {DevServer: nobody},
		"The static service could not be reached.":     {StaticService: "http://" + nobody},
	} {
		r.Instance, r.Name, r.Hosts, r.State = appID, "app", []string{appHost}, proxyctl.StateReady
		f.apply(table(r))
		both(t, f, func(t *testing.T, c *http.Client) {
			r := get(t, c, "/x")
			if got := body(t, r); r.StatusCode != 502 || !strings.Contains(got, want) ||
				r.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s %v %s", want, r.Status, r.Header, got)
			}
		})
	}
}

// TestFileThatShrinks while it is sent leaves a cut answer, not one that the next is appended to.
func TestFileThatShrinks(t *testing.T) {
	var log counter
	f := start(t, func(o *Options) { o.AccessLog, o.AccessLogRate, o.Log = true, 1000, log.logger() })
	path := filepath.Join(t.TempDir(), "big.bin")
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		StaticDir: filepath.Dir(path)}))
	both(t, f, func(t *testing.T, c *http.Client) {
		const size = 64 << 20 // more than any buffer on the way
		if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Truncate(path, size)
		r := get(t, c, "/big.bin")
		os.Truncate(path, 5)
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil || n >= size {
			t.Errorf("%d bytes, %v", n, err)
		}
		line := loggedLine(t, &log, r.Header.Get("X-Trace-ID"), "app")
		if !strings.Contains(line, "status=500 ") || !strings.Contains(line, "sent_status=200") {
			t.Error(line)
		}
	})
}

// TestRetractedAnswer leaves the client's connection as usable as any other 502, whatever the
// request carried, and never tells it about the length or the coding that was taken back.
func TestRetractedAnswer(t *testing.T) {
	var log counter
	f := start(t, func(o *Options) { o.AccessLog, o.AccessLogRate, o.Log = true, 1000, log.logger() })
	l := answering(t, chunkedHead+"5\r\nhello\r\nx\r\n")
	defer l.Close()
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true, Target: &proxyctl.Target{ID: "bad", Network: "tcp", Address: l.Addr().String()}}))
	conn := f.dial(appHost)
	in := bufio.NewReader(conn)
	for _, request := range []string{
		"GET /x HTTP/1.1\r\nHost: " + appHost + "\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: " + appHost + "\r\nContent-Length: 5\r\n\r\nhello",
		"HEAD /nobody HTTP/1.1\r\nHost: nobody\r\n\r\n",
		"GET /x HTTP/1.0\r\nHost: " + appHost + "\r\n\r\n",
	} {
		io.WriteString(conn, request)
		method, _, _ := strings.Cut(request, " ")
		r, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		got := body(t, r)
		if method != "HEAD" && (r.StatusCode != 502 || !strings.Contains(got, "malformed answer") || r.ContentLength < 0) {
			t.Errorf("%q: %s %v %s", request, r.Status, r.Header, got)
		}
	}
	both(t, f, func(t *testing.T, c *http.Client) {
		r, err := c.Post("https://"+appHost+"/x", "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		got := body(t, r)
		if r.StatusCode != 502 || !strings.Contains(got, "malformed answer") {
			t.Error(r.Status, got)
		}
		line := loggedLine(t, &log, r.Header.Get("X-Trace-ID"), "app")
		if !strings.Contains(line, fmt.Sprintf(" bytes=%d ", len(got))) || strings.Contains(line, "sent_status") {
			t.Errorf("%d bytes are sent, and logged is %s", len(got), line)
		}
	})
}

// TestCutWithoutALength: an answer that only the end of the connection ends is cut as visibly,
// when the target's connection was reset, or when the client's protocol has no chunks.
func TestCutWithoutALength(t *testing.T) {
	f := start(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	reset := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				http.ReadRequest(bufio.NewReader(c))
				io.WriteString(c, okHead+"\r\nhello")
				<-reset
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}()
		}
	}()
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true, Target: &proxyctl.Target{ID: "reset", Network: "tcp", Address: l.Addr().String()}}))
	isCut := func(t *testing.T, r *http.Response) {
		t.Helper()
		if _, err := io.ReadFull(r.Body, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		reset <- struct{}{}
		if rest, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("taken for whole, with %q behind", rest)
		}
		r.Body.Close()
	}
	both(t, f, func(t *testing.T, c *http.Client) { isCut(t, get(t, c, "/x")) })
	conn := f.dial(appHost)
	io.WriteString(conn, "GET /x HTTP/1.0\r\nHost: "+appHost+"\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	isCut(t, r)
}

// TestNoContentTypeIsMadeUp: what an application does not say about its answer, nobody does.
func TestNoContentTypeIsMadeUp(t *testing.T) {
	f := start(t)
	for _, raw := range []string{lengthHead + "hello", okHead + "\r\n<html><script>", chunkedHead + "0\r\n\r\n"} {
		l := answering(t, raw)
		f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
			ProxyAll: true, Target: &proxyctl.Target{ID: raw, Network: "tcp", Address: l.Addr().String()}}))
		both(t, f, func(t *testing.T, c *http.Client) {
			r := get(t, c, "/x")
			body(t, r)
			if _, said := r.Header["Content-Type"]; said {
				t.Errorf("%q: %v", raw, r.Header)
			}
		})
		l.Close()
	}
}

// TestMendedAnswersEndTheirConnection: where another reader could see another end, nothing that
// follows can be taken for somebody's answer.
func TestMendedAnswersEndTheirConnection(t *testing.T) {
	f := start(t)
	for _, c := range []struct {
		raw    string
		reused bool
	}{
		{lengthHead + "hello", true},
		{chunkedHead + "5 \r\nhello\r\n0\r\n\r\n", true},
		{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + lengthHead + "hello", true},
		{"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", false},
		{okHead + "X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", false},
		{okHead + "Content-Length: 5, 5\r\n\r\nhello", false},
		{chunkedHead + "5\nhello\r\n0\r\n\r\n", false},
		{"HTTP/1.1 103 Early Hints\nLink: x\n\n" + lengthHead + "hello", false},
	} {
		var conns atomic.Int64
		l := listen(t, "tcp", "127.0.0.1:0")
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conns.Add(1)
				go func() {
					defer conn.Close()
					for in := bufio.NewReader(conn); ; {
						if _, err := http.ReadRequest(in); err != nil {
							return
						}
						io.WriteString(conn, c.raw)
					}
				}()
			}
		}()
		f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
			ProxyAll: true, Target: &proxyctl.Target{ID: c.raw, Network: "tcp", Address: l.Addr().String()}}))
		client := f.http(false)
		for range 3 {
			if r := get(t, client, "/x"); body(t, r) != "hello" {
				t.Errorf("%q: %s", c.raw, r.Status)
			}
		}
		if n := conns.Load(); (n == 1) != c.reused {
			t.Errorf("%q: %d connections", c.raw, n)
		}
		l.Close()
	}
}
