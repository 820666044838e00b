package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// webSocket is a target that switches protocols and echoes, and says hello in one
// unmasked frame first.
func webSocket(w http.ResponseWriter, r *http.Request) {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x05hello")
	io.Copy(c, buf)
}

// upgrade opens a WebSocket through the proxy and reads the hello.
func upgrade(t *testing.T, f *fixture) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := f.dial(appHost)
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+appHost+"\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nearly")
	in := bufio.NewReader(conn)
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 101 || r.Header.Get("Upgrade") != "websocket" {
		t.Fatal(r, err)
	}
	want := "\x81\x05helloearly"
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
	f.apply(table(route, Route{Instance: "other", Name: "other", Hosts: []string{"o.x"}, State: StateReady}))
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
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello\x81\x05early")
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
		var f frames
		for i, b := range frame {
			if f.atBoundary() != (i == 0) {
				t.Fatalf("frame of %d bytes: boundary at %d", len(frame), i)
			}
			f.pass([]byte{b})
		}
		f.pass(frame)
		if !f.atBoundary() {
			t.Errorf("frame of %d bytes does not end", len(frame))
		}
	}
}

func TestStartingIsHeld(t *testing.T) {
	f := start(t, func(o *Options) { o.HoldTimeout = 10 * time.Second })
	ready := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "up") }))
	starting := ready
	starting.State, starting.Target = StateStarting, nil
	f.apply(table(starting))
	got := make(chan string, 2)
	both(t, f, func(t *testing.T, c *http.Client) {
		go func() {
			r, err := c.Get("https://" + appHost + "/public/x")
			if err != nil {
				got <- err.Error()
				return
			}
			defer r.Body.Close()
			b, _ := io.ReadAll(r.Body)
			got <- string(b)
		}()
	})
	eventually(t, "two requests held", func() bool { return f.server.held.Load() == 2 })
	f.apply(table(ready))
	for range 2 {
		if s := <-got; s != "up" {
			t.Error(s)
		}
	}
}

func TestHoldEnds(t *testing.T) {
	f := start(t)
	f.apply(table(Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: StateStarting}))
	both(t, f, func(t *testing.T, c *http.Client) {
		r := get(t, c, "/public/x")
		if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
			t.Error(r.Status, r.Header)
		}
	})
}

// TestReplacementLosesNothing swaps the target a hundred times under load, with
// table, drain and stop in the agent's order.
func TestReplacementLosesNothing(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	serve := func(i int) (Route, func()) {
		l := listen(t, "tcp", "127.0.0.1:0")
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "rev", i) })}
		go srv.Serve(l)
		return Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: StateReady, ProxyAll: true,
			Target: &Target{ID: fmt.Sprint("rev", i), Network: "tcp", Address: l.Addr().String()}}, func() { srv.Close() }
	}
	route, stop := serve(0)
	f.apply(table(route))
	var failed, served atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 8 {
		c := f.http(i%2 == 0)
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := c.Post("https://"+appHost+"/x", "text/plain", strings.NewReader("data"))
				if err == nil {
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
				}
				if err != nil || r.StatusCode != 200 {
					failed.Add(1)
					t.Log(r, err)
				}
				served.Add(1)
			}
		})
	}
	for i := 1; i <= 100; i++ {
		next, stopNext := serve(i)
		f.apply(table(next))
		if r, err := f.client.Drain(context.Background(), route.Target.ID, 10*time.Second); err != nil || r.TimedOut {
			t.Fatal(r, err)
		}
		stop()
		route, stop = next, stopNext
	}
	cancel()
	wg.Wait()
	stop()
	if failed.Load() > 0 || served.Load() < 100 {
		t.Errorf("%d of %d requests failed", failed.Load(), served.Load())
	}
	eventually(t, "old targets are forgotten", func() bool { return len(f.server.targets.all()) == 1 })
}

// restart runs a second proxy on the same sockets after the first has stopped, as
// PID 1 does.
func TestRestartLosesNothing(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	f.apply(table(route))
	f.stop()

	https := listen(t, "tcp", "127.0.0.1:0").(*net.TCPListener)
	defer https.Close()
	f.addr = https.Addr().String()
	run := func() (stop func()) {
		file, err := https.File() // what PID 1 passes on
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.FileListener(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		opt := f.opt
		ready := make(chan struct{})
		opt.Listeners, opt.Ready = []Listener{{"https", l}}, func() { close(ready) }
		s, err := New(opt)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		<-ready
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	stop := run()
	var failed, served atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 8 {
		c := f.http(i%2 == 0)
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := c.Get("https://" + appHost + "/x")
				if err == nil {
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
				}
				if err != nil || r.StatusCode != 200 {
					failed.Add(1)
					t.Log(r, err)
				}
				served.Add(1)
			}
		})
	}
	for range 3 {
		before := served.Load()
		stop()
		stop = run()
		eventually(t, "service goes on", func() bool { return served.Load() > before+20 })
	}
	cancel()
	wg.Wait()
	stop()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), served.Load())
	}
}

func TestStopEndsStreamsInGoodForm(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ws" {
			webSocket(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))))
	results := make(chan string, 2)
	for _, http2 := range []bool{false, true} {
		r := get(t, f.http(http2), "/events")
		go func() {
			b, err := io.ReadAll(r.Body)
			results <- fmt.Sprint(string(b), err)
		}()
	}
	conn, in := upgrade(t, f)
	eventually(t, "streams", func() bool { return f.server.inFlight[0].Load() == 3 })
	f.stop()
	for range 2 {
		if s := <-results; s != "data: 1\n\n<nil>" {
			t.Errorf("event stream ended with %q", s)
		}
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(in); err != nil && !strings.Contains(err.Error(), "EOF") {
		t.Error("WebSocket:", err)
	}
}

func TestTableSurvivesARestart(t *testing.T) {
	f := start(t)
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	f.apply(table(route))
	if err := f.server.grants.Grant("kept", appID, farFuture); err != nil {
		t.Fatal(err)
	}
	f.stop()
	onDisk, err := os.ReadFile(filepath.Join(f.opt.StateDir, "routes.json"))
	if err != nil || strings.Contains(string(onDisk), secret) {
		t.Fatalf("%v: the secret must not be in\n%s", err, onDisk)
	}
	tokens, _ := os.ReadFile(filepath.Join(f.opt.StateDir, "tokens"))
	if strings.Contains(string(tokens), "kept") {
		t.Fatal("a token is on disk in clear")
	}
	f.run()
	r, _ := http.NewRequest("GET", "https://"+appHost+"/internal/x", nil)
	for _, token := range []string{secret, "kept"} {
		r.Header.Set("Authorization", "Bearer "+token)
		r.URL.Path = map[string]string{secret: "/internal/x", "kept": "/api/x"}[token]
		if resp, err := f.http(false).Do(r); err != nil || resp.StatusCode != 200 {
			t.Error(token, resp, err)
		}
	}
	f.stop()
	os.WriteFile(filepath.Join(f.opt.StateDir, "routes.json"), []byte(`{"format":1,"rou`), 0o600)
	f.run()
	if resp, err := f.http(false).Get("https://" + appHost + "/x"); err == nil && resp.StatusCode != 421 {
		t.Error("damaged table:", resp.Status)
	}
	if _, err := os.Stat(filepath.Join(f.opt.StateDir, "routes.json.damaged")); err != nil {
		t.Error(err)
	}
}

func TestControl(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	body(t, get(t, f.http(false), "/x"))
	eventually(t, "request is counted", func() bool {
		s, err := f.client.Status(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return s.Generation == 1 && len(s.Listeners) == 3 && s.CACert != "" && len(s.Routes) == 1 && len(s.Instances) == 1 &&
			s.Instances[0].Requests == 1 && !s.Instances[0].LastRequest.IsZero() && s.Instances[0].InFlight == 0
	})
	if err := f.client.Apply(context.Background(), Table{Format: 9}); err == nil || !strings.Contains(err.Error(), "format 9") {
		t.Error("bad table:", err)
	}
	list, err := f.client.Certs(context.Background())
	if err != nil || len(list) != 1 || list[0].Source != "local CA" {
		t.Error(list, err)
	}
	if r, err := f.client.Drain(context.Background(), "nobody", time.Second); err != nil || r != (DrainResult{}) {
		t.Error(r, err)
	}
	for path, want := range map[string]string{"/metrics": `nexushub_http_requests_total{app="app",code="200",method="GET"} 1`, "/healthz": "ok"} {
		r, err := f.client.http.Get("http://proxy" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, r); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s:\n%s", path, want, got)
		}
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	for host, want := range map[string]int{appHost: 308, "nobody.example": 421} {
		c, err := net.Dial("tcp", f.plain)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /a?b=c HTTP/1.1\r\nHost: %s:80\r\n\r\n", host)
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || r.StatusCode != want {
			t.Fatal(r, err)
		}
		_, port, _ := net.SplitHostPort(f.addr)
		if to := r.Header.Get("Location"); want == 308 && to != "https://"+appHost+":"+port+"/a?b=c" {
			t.Error(to)
		}
		c.Close()
	}
}

func TestErrorPages(t *testing.T) {
	f := start(t)
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "503.html"), []byte("back soon"), 0o644)
	f.apply(table(Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: StateDown, ErrorDir: dir}))
	for _, c := range []struct{ path, accept, kind, text string }{
		{"/public/x", "text/html,*/*", "text/html; charset=utf-8", "back soon"},
		{"/public/x", "*/*", "application/problem+json", `"status":503`},
		{"/api/x", "text/html", "text/html; charset=utf-8", "401 Unauthorized"},
	} {
		r, _ := http.NewRequest("GET", "https://"+appHost+c.path, nil)
		r.Header.Set("Accept", c.accept)
		resp, err := f.http(true).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); resp.Header.Get("Content-Type") != c.kind || !strings.Contains(got, c.text) {
			t.Errorf("%s for %s: %s %q", c.path, c.accept, resp.Header.Get("Content-Type"), got)
		}
	}
}

func TestLogin(t *testing.T) {
	f := start(t)
	var asked map[string]string
	login := routeTo(t, loginID, "login.yesterday.localhost", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/internal/access_token" || r.Header.Get("Authorization") != "Bearer "+secret {
			w.WriteHeader(404)
			return
		}
		json.NewDecoder(r.Body).Decode(&asked)
		if asked["RefreshToken"] != "refresh-1" {
			w.WriteHeader(401)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"Expiry": time.Now().Add(time.Hour), "RefreshToken": "refresh-2", "AccessToken": "access-1", "ApplicationID": asked["ApplicationID"]})
	}))
	f.apply(table(login, appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "data") }))))
	both(t, f, func(t *testing.T, c *http.Client) {
		for next, want := range map[string]int{
			"/page": 302, "https://" + appHost + "/x": 302, "https://other.yesterday.localhost/": 302,
			"": 400, "https://evil.example/": 400, "//evil.example": 400, "/\\evil.example": 400, "http://" + appHost: 400, "javascript:alert(1)": 400,
			"https://yesterday.localhost.evil.example/": 400, "https://u@" + appHost: 400, "/%09/evil": 400, "page": 400,
		} {
			r := get(t, c, "/api/set_token?token=refresh-1&continue="+strings.ReplaceAll(next, "\\", "%5C"))
			if r.StatusCode != want {
				t.Errorf("continue=%q: %s", next, r.Status)
			}
			if want == 302 && r.Header.Get("Set-Cookie") != "YRT=refresh-1; Path=/; Domain="+appHost+"; HttpOnly; Secure; SameSite=None" {
				t.Error(r.Header.Get("Set-Cookie"))
			}
		}
		exchange := func(refresh string) (*http.Response, map[string]string) {
			r, _ := http.NewRequest("POST", "https://"+appHost+"/api/access_token", nil)
			if refresh != "" {
				r.AddCookie(&http.Cookie{Name: "YRT", Value: refresh})
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			if err := json.Unmarshal([]byte(body(t, resp)), &got); err != nil {
				t.Fatal(resp.Status, err)
			}
			return resp, got
		}
		for _, refresh := range []string{"", "wrong"} {
			if _, got := exchange(refresh); got["login_url"] != "https://login.yesterday.localhost/" {
				t.Error(refresh, got)
			}
		}
		resp, got := exchange("refresh-1")
		if got["access_token"] != "access-1" || !strings.HasPrefix(resp.Header.Get("Set-Cookie"), "YRT=refresh-2;") || asked["ApplicationID"] != appID {
			t.Fatal(got, resp.Header, asked)
		}
		r, _ := http.NewRequest("GET", "https://"+appHost+"/api/data", nil)
		r.Header.Set("Authorization", "Bearer access-1")
		if resp, err := c.Do(r); err != nil || body(t, resp) != "data" {
			t.Error(resp, err)
		}
	})
}
