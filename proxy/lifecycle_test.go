package proxy

import (
	"context"
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

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxyctl"
)

func TestStartingIsHeld(t *testing.T) {
	f := start(t, func(o *Options) { o.HoldTimeout = 10 * time.Second })
	ready := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "up") }))
	starting := ready
	starting.State, starting.Target = proxyctl.StateStarting, nil
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
	eventually(t, "two requests held", func() bool { return f.server.heldPool.Len() == 2 })
	f.apply(table(ready))
	for range 2 {
		if s := <-got; s != "up" {
			t.Error(s)
		}
	}
}

func TestHoldEnds(t *testing.T) {
	f := start(t)
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost},
		State: proxyctl.StateStarting}))
	both(t, f, func(t *testing.T, c *http.Client) {
		r := get(t, c, "/public/x")
		if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
			t.Error(r.Status, r.Header)
		}
	})
}

// TestHoldEndsWhileTablesChange: every table has the request decided again, also one for
// which there may be a file, and none begins its time anew.
func TestHoldEndsWhileTablesChange(t *testing.T) {
	f := start(t)
	starting := proxyctl.Route{
		Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateStarting,
		StaticDir: t.TempDir(), ProxyAll: true,
	}
	f.apply(table(starting))
	answered := make(chan int, 1)
	go func() {
		answered <- get(t, f.http(true), "/page").StatusCode
	}()
	deadline := time.After(20 * f.opt.HoldTimeout)
	for {
		select {
		case status := <-answered:
			if status != 503 {
				t.Errorf("got %d", status)
			}
			return
		case <-deadline:
			t.Fatal("it is held for ever")
		default:
			f.apply(table(starting))
		}
	}
}

// TestReplacementLosesNothing swaps the target a hundred times under load, with
// table, drain and stop in the agent's order.
func TestReplacementLosesNothing(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	serve := func(i int) (proxyctl.Route, func()) {
		l := listen(t, "tcp", "127.0.0.1:0")
		srv := &http.Server{Handler: http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, "rev", i)
			})}
		go srv.Serve(l)
		return proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
				ProxyAll: true,
				Target:   &proxyctl.Target{ID: fmt.Sprint("rev", i), Network: "tcp", Address: l.Addr().String()}},
			func() { srv.Close() }
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
	t.Parallel()
	f := start(t, func(o *Options) { o.AccessLog, o.keepAliveGrace = false, keepAliveGrace })
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
		c, send := f.http(false), getX
		if i%2 == 0 {
			c, send = f.onlyHTTP2(), postOnce
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := send(c)
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

func getX(c *http.Client) (*http.Response, error) { return c.Get("https://" + appHost + "/x") }

// postOnce sends a body that cannot be sent a second time.
func postOnce(c *http.Client) (*http.Response, error) {
	return c.Post("https://"+appHost+"/x", "text/plain", io.MultiReader(strings.NewReader("once")))
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
	if b, err := io.ReadAll(in); err != nil || string(b) != string(closeRestart) {
		t.Errorf("WebSocket: %q %v", b, err)
	}
}

// TestLongRequestKeepsNobodyWaiting: a proxy that may not end yet serves those who come.
func TestLongRequestKeepsNobodyWaiting(t *testing.T) {
	f := start(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			close(arrived)
			<-release
		}
		io.WriteString(w, r.URL.Path)
	}))))
	long, stopped := make(chan string, 1), make(chan struct{})
	go func() { long <- body(t, get(t, f.http(false), "/long")) }()
	<-arrived
	go func() {
		f.stop()
		close(stopped)
	}()
	eventually(t, "the proxy stops", f.server.isStopping)
	both(t, f, func(t *testing.T, c *http.Client) {
		for range 2 {
			if got := body(t, get(t, c, "/short")); got != "/short" {
				t.Error(got)
			}
		}
	})
	close(release)
	if got := <-long; got != "/long" {
		t.Error(got)
	}
	<-stopped
}

func TestTableSurvivesARestart(t *testing.T) {
	f := start(t)
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	f.apply(table(route))
	if err := f.server.grants.Grant("kept", accesstoken.Issue{Instance: appID, Expires: farFuture}); err != nil {
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
