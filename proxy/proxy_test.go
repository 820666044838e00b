package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
	"github.com/nexushub/nexushub/proxyctl"
)

const (
	appID   = "11111111-1111-4111-8111-111111111111"
	loginID = "22222222-2222-4222-8222-222222222222"
	adminID = "33333333-3333-4333-8333-333333333333"
	secret  = "internal-secret-of-the-test"
	appHost = "app.yesterday.localhost"
)

// fixture is a running proxy with its client.
type fixture struct {
	t      testing.TB
	server *Server
	addr   string
	plain  string
	socket string // for control
	client *proxyctl.Client
	roots  *x509.CertPool
	stop   func()
	opt    Options
	ticks  chan time.Time
}

func testOptions(t testing.TB) Options {
	dir := t.TempDir()
	return Options{
		Domain: "yesterday.localhost", CertDir: filepath.Join(dir, "certs"), StateDir: dir, RunDir: dir,
		HoldTimeout: 300 * time.Millisecond, DrainTimeout: 5 * time.Second, HeaderTimeout: 5 * time.Second,
		IdleTimeout: time.Minute, StallTimeout: 5 * time.Second, MaxConnections: 1000, MaxStreams: 1000,
		MaxSlide: 12 * time.Hour, Introspect: 10 * time.Minute,
		Limits:    h1.DefaultLimits,
		AccessLog: true, AccessLogRate: 1000, Version: "test", keepAliveGrace: 50 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	if testing.Verbose() {
		os.Stderr.Write(p)
	}
	return len(p), nil
}

func start(t testing.TB, change ...func(*Options)) *fixture {
	t.Helper()
	opt := testOptions(t)
	for _, c := range change {
		c(&opt)
	}
	f := &fixture{t: t, opt: opt, ticks: make(chan time.Time)}
	if opt.ticks != nil {
		f.opt.ticks = f.ticks
	}
	f.run()
	t.Cleanup(func() { f.stop() })
	return f
}

// run starts the proxy on sockets of its own.
func (f *fixture) run() {
	f.t.Helper()
	f.socket = filepath.Join(f.t.TempDir(), "control.sock")
	https, http, control := listen(f.t, "tcp", "127.0.0.1:0"), listen(f.t, "tcp", "127.0.0.1:0"),
		listen(f.t, "unix", f.socket)
	f.addr, f.plain, f.client = https.Addr().String(), http.Addr().String(), proxyctl.NewClient(f.socket)
	opt := f.opt
	opt.Listeners = []Listener{{"https", https}, {"http", http}, {"control", control}}
	ready := make(chan struct{})
	opt.Ready = func() { close(ready) }
	s, err := New(opt)
	if err != nil {
		f.t.Fatal(err)
	}
	f.server = s
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-ready
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Error("run:", err)
		}
	})
	f.trust()
}

// byHand makes a proxy's deadlines expire by the calls of tick, whatever the time is.
func byHand(o *Options) { o.ticks = make(chan time.Time) }

// tick moves the clock of a proxy that was started byHand. The last tick may take effect
// only after the call; those before it have.
func (f *fixture) tick(n int) {
	for range n {
		f.ticks <- time.Time{}
	}
}

// after lets a deadline pass that was set before, and no later one, and returns what
// comes of that.
func after[T any](f *fixture, d time.Duration, what string, done <-chan T) (got T) {
	f.t.Helper()
	f.tick(int((d+tick-1)/tick) + 2)
	select {
	case got = <-done:
	case <-time.After(20 * time.Second):
		f.t.Fatal("never: " + what)
	}
	return got
}

// tickUntil moves the clock on until something has come of it.
func tickUntil[T any](f *fixture, what string, done <-chan T) (got T) {
	f.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case got = <-done:
			return got
		case f.ticks <- time.Time{}:
		case <-deadline:
			f.t.Fatal("never: " + what)
		}
	}
}

// await returns once a connection or a stream waits for the thing in question.
func (f *fixture) await(want waitState) {
	f.t.Helper()
	eventually(f.t, "a wait state", func() bool {
		for _, w := range f.server.deadlines.all() {
			switch w := w.(type) {
			case *conn:
				if p, _ := w.waiting.expired(); p == want {
					return true
				}
			case *h2Stream:
				if p, _ := w.waiting.expired(); p == want {
					return true
				}
			}
		}
		return false
	})
}

func listen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (f *fixture) trust() {
	f.t.Helper()
	f.roots = x509.NewCertPool()
	if path := f.server.certs.CACert(); path != "" {
		root, err := os.ReadFile(path)
		if err != nil || !f.roots.AppendCertsFromPEM(root) {
			f.t.Fatal("local CA: ", err)
		}
	}
}

// dial opens a TLS connection for raw HTTP/1.1.
func (f *fixture) dial(sni string) *tls.Conn {
	f.t.Helper()
	return f.dialProtocol(sni, "http/1.1")
}

func (f *fixture) dialProtocol(sni, protocol string) *tls.Conn {
	f.t.Helper()
	c, err := tls.Dial("tcp", f.addr, &tls.Config{RootCAs: f.roots, ServerName: sni, NextProtos: []string{protocol}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// http returns a client that reaches every host at the proxy.
func (f *fixture) http(http2 bool) *http.Client {
	var d net.Dialer
	tr := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: f.roots},
		ForceAttemptHTTP2: http2,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return d.DialContext(ctx, network, f.addr)
		},
	}
	f.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func (f *fixture) apply(t proxyctl.Table) {
	f.t.Helper()
	if err := f.client.Apply(context.Background(), t); err != nil {
		f.t.Fatal(err)
	}
}

// table is one with the given routes.
func table(routes ...proxyctl.Route) proxyctl.Table {
	return proxyctl.Table{
		Format: 1, Generation: 1, Domain: "yesterday.localhost", InternalSecret: secret,
		APIHosts:      []string{"admin.yesterday.localhost", "internal.yesterday.localhost"},
		ControlHost:   "admin.yesterday.localhost",
		LoginInstance: loginID, AdminInstance: adminID, Routes: routes,
	}
}

// appRoute leads appHost to a handler, through all paths.
func appRoute(t testing.TB, h http.Handler) proxyctl.Route {
	return routeTo(t, appID, appHost, h)
}

func routeTo(t testing.TB, id, host string, h http.Handler) proxyctl.Route {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return proxyctl.Route{
		Instance: id, Name: strings.TrimSuffix(host, ".yesterday.localhost"), Kind: "static", Hosts: []string{host},
		State: proxyctl.StateReady, ProxyAll: true, Target: &proxyctl.Target{ID: "nexushub-app-" + id + ".service",
			Network: "tcp", Address: srv.Listener.Addr().String()},
	}
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestServesByHostName(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello from "+r.Host+" "+r.URL.Path)
	}))))
	for _, http2 := range []bool{false, true} {
		r, err := f.http(http2).Get("https://" + appHost + "/some/page")
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, r); got != "hello from "+appHost+" /some/page" || (r.ProtoMajor == 2) != http2 {
			t.Errorf("http2=%v: %s %q", http2, r.Proto, got)
		}
	}
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
