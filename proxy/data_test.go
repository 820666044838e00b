package proxy

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

var farFuture = time.Now().Add(24 * time.Hour)

// both runs a test over HTTP/1.1 and HTTP/2.
func both(t *testing.T, f *fixture, test func(t *testing.T, c *http.Client)) {
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "h1", true: "h2"}[http2], func(t *testing.T) { test(t, f.http(http2)) })
	}
}

func get(t *testing.T, c *http.Client, path string) *http.Response {
	t.Helper()
	r, err := c.Get("https://" + appHost + path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eventually polls what another process or goroutine is about to do.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestBodiesPassUnchanged(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		w.Header().Set("X-Length", fmt.Sprint(n, " ", r.ContentLength, " ", err))
		if r.URL.Query().Has("chunked") {
			w.(http.Flusher).Flush()
		}
		io.WriteString(w, hex.EncodeToString(h.Sum(nil)))
		w.Write(make([]byte, n))
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		for _, size := range []int{0, 1, 100, 4096, 16 << 10, 16<<10 + 1, 100_000, 3 << 20} {
			for _, query := range []string{"", "?chunked"} {
				data := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
				var src io.Reader = bytes.NewReader(data)
				if query != "" {
					src = io.MultiReader(src) // of unknown length
				}
				r, err := c.Post("https://"+appHost+"/public/x"+query, "text/plain", src)
				if err != nil {
					t.Fatal(size, err)
				}
				got := body(t, r)
				want := sha256.Sum256(data)
				if len(got) != 64+size || got[:64] != hex.EncodeToString(want[:]) {
					t.Errorf("%d bytes%s: %s, got %d (%s)", size, query, r.Status, len(got), r.Header.Get("X-Length"))
				}
			}
		}
	})
}

func TestStatusesWithoutBody(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		for range 2 { // the connection must stay usable
			for path, want := range map[string]int{"/204": 204, "/304": 304, "/x": 200} {
				if r := get(t, c, path); r.StatusCode != want || (want != 200 && body(t, r) != "") {
					t.Errorf("%s: %s", path, r.Status)
				}
			}
			r, err := c.Head("https://" + appHost + "/x")
			if err != nil || r.ContentLength != 5 || body(t, r) != "" {
				t.Errorf("HEAD: %v %v", r, err)
			}
		}
	})
}

func TestTrailers(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, r.Trailer.Get("X-In")+r.Trailer.Get("Proxy"))
		w.Header().Set("X-Sum", "42")
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		r, _ := http.NewRequest("POST", "https://"+appHost+"/public/x", io.MultiReader(strings.NewReader("data")))
		r.Trailer = http.Header{"X-In": []string{"in"}, "Proxy": []string{"http://evil"}}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); got != "in" || resp.Trailer.Get("X-Sum") != "42" {
			t.Errorf("%q, trailers %v", got, resp.Trailer)
		}
	})
}

func TestEventsAreFlushedAtOnce(t *testing.T) {
	f := start(t)
	next := make(chan string)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.(http.Flusher).Flush()
		for e := range next {
			fmt.Fprintf(w, "data: %s\n\n", e)
			w.(http.Flusher).Flush()
			if e == "end" {
				return
			}
		}
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		r := get(t, c, "/events")
		lines := bufio.NewReader(r.Body)
		for _, e := range []string{"1", "2", "end"} {
			next <- e // the next event comes only after this one was read
			if got, err := lines.ReadString('\n'); err != nil || got != "data: "+e+"\n" {
				t.Fatalf("%q %v", got, err)
			}
			lines.ReadString('\n')
		}
		r.Body.Close()
	})
}

func TestFullDuplex(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		buf := make([]byte, 100)
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			w.(http.Flusher).Flush()
			if err != nil {
				return
			}
		}
	}))))
	c := f.http(true)
	in, out := io.Pipe()
	r, err := http.NewRequest("POST", "https://"+appHost+"/public/echo", in)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	for range 3 {
		io.WriteString(out, "hello")
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "hello" {
			t.Fatal(string(buf), err)
		}
	}
	out.Close()
	body(t, resp)
}

func TestExpectContinue(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public/refuse" {
			w.WriteHeader(413)
			return
		}
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	}))))
	conn := f.dial(appHost)
	in := bufio.NewReader(conn)
	io.WriteString(conn, "POST /public/take HTTP/1.1\r\nHost: "+appHost+
		"\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if line, err := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatal(line, err)
	}
	in.ReadString('\n')
	io.WriteString(conn, "hello")
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 200 || body(t, r) != "hello" {
		t.Fatal(r, err)
	}
	io.WriteString(conn, "POST /public/refuse HTTP/1.1\r\nHost: "+appHost+
		"\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	r, err = http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 413 || !r.Close {
		t.Fatal(r, err)
	}
}

// TestContinueIsForTheRequestThatAsks, and not for the next one of its connection.
func TestContinueIsForTheRequestThatAsks(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, r.Header.Get("Expect"))
	}))))
	conn := f.dial(appHost)
	in := bufio.NewReader(conn)
	for _, ask := range []struct {
		expect  string
		answers []int
	}{{"100-continue", []int{100, 200}}, {"", []int{200}}} {
		head := "POST /public/x HTTP/1.1\r\nHost: " + appHost + "\r\nContent-Length: 5\r\n"
		if ask.expect != "" {
			head += "Expect: " + ask.expect + "\r\n"
		}
		io.WriteString(conn, head+"\r\nhello")
		for _, want := range ask.answers {
			r, err := http.ReadResponse(in, nil)
			if err != nil || r.StatusCode != want {
				t.Fatalf("expecting %q: got %+v, %v; want %d", ask.expect, r, err, want)
			}
			if got := body(t, r); want == 200 && got != ask.expect {
				t.Errorf("the target was sent the expectation %q, want %q", got, ask.expect)
			}
		}
	}
}

func TestEarlyRefusalReachesTheUploader(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
		io.WriteString(w, "too big")
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		r, err := c.Post("https://"+appHost+"/public/x", "text/plain", bytes.NewReader(make([]byte, 600_000)))
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, r); r.StatusCode != 413 || got != "too big" {
			t.Error(r.Status, got)
		}
	})
}

func TestPipelining(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.URL.Path, string(b))
	}))))
	conn := f.dial(appHost)
	one := "POST /public/%d HTTP/1.1\r\nHost: " + appHost + "\r\nContent-Length: 1\r\n\r\n%d"
	var all string
	for i := range 5 {
		all += fmt.Sprintf(one, i, i)
	}
	io.WriteString(conn, all)
	in := bufio.NewReader(conn)
	for i := range 5 {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, r); got != fmt.Sprintf("/public/%d%d", i, i) {
			t.Error(i, got)
		}
	}
}
