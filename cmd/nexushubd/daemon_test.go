package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// fakeSystemd is PID 1 with the proxy's socket.
type fakeSystemd struct {
	*fake.Manager
	listens []string
	added   []string // where nexushub-proxy-https.socket listens
}

func (fakeSystemd) Stats() units.Stats { return units.Stats{Calls: 7} }

func (f fakeSystemd) ListenAddresses(ctx context.Context, unit string) ([]string, bool, error) {
	switch {
	case unit == httpsSocket:
		return []string{"[::]:443"}, len(f.added) > 0, nil
	case len(f.listens) == 0:
		return f.Manager.ListenAddresses(ctx, unit)
	}
	return f.listens, true, nil
}

// fakeHost has no systemd but m, and sockets in a folder of its own.
func fakeHost(t *testing.T, m *fake.Manager) host {
	t.Helper()
	if m == nil {
		m = fake.New()
	}
	dir := t.TempDir()
	return host{
		root: true,
		systemd: func(context.Context, *slog.Logger) (systemd, error) {
			return fakeSystemd{m, []string{"[::]:8443"}, nil}, nil
		},
		userID: func(string) (uint32, error) { return 4711, nil },
		cache:  filepath.Join(dir, "cache"),
		sockets: func(names ...string) (map[string]net.Listener, error) {
			out := map[string]net.Listener{}
			for _, name := range names {
				l, err := net.Listen("unix", filepath.Join(dir, name))
				if err != nil {
					return nil, err
				}
				out[name] = l
			}
			return out, nil
		},
	}
}

// logs is what a daemon logs while a test reads along.
type logs struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// message is the level of the newest line with a text; empty: there is none.
func (l *logs) message(text string) (level string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(l.text.Bytes()) {
		var record struct{ Level, Msg string }
		if json.Unmarshal(line, &record) == nil && record.Msg == text {
			level = record.Level
		}
	}
	return level
}

// fakeProxy takes route tables on the proxy's control socket.
type fakeProxy chan proxyctl.Table

func (p fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		var table proxyctl.Table
		if err := json.NewDecoder(r.Body).Decode(&table); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p <- table
	}
	io.WriteString(w, "{}")
}

// ready waits for a table in which the first route is ready.
func (p fakeProxy) ready(t *testing.T) proxyctl.Table {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case table := <-p:
			if len(table.Routes) > 0 && table.Routes[0].State == "ready" {
				return table
			}
		case <-limit:
			t.Fatal("no application is routed after a minute")
		}
	}
}

func serveProxy(t *testing.T, dir string) fakeProxy {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(dir, "proxy.sock"))
	if err != nil {
		t.Fatal(err)
	}
	p := make(fakeProxy, 100)
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: p}}
	s.Start()
	t.Cleanup(s.Close)
	return p
}

// running is a whole daemon on a fake host, stopped by the end of the test.
type running struct {
	*daemon
	log   *logs
	front fakeProxy
	stop  func()
	wait  func() error // for its end
}

func runDaemon(t *testing.T, dir string, m *fake.Manager) *running {
	t.Helper()
	r := &running{log: &logs{}, front: serveProxy(t, dir)}
	conf, level := mustLoad(t, dir), &slog.LevelVar{}
	log := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: level}))
	var err error
	if r.daemon, err = newDaemon(t.Context(), fakeHost(t, m), dir, conf, log, level); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.daemon.run(ctx) }()
	r.stop, r.wait = cancel, sync.OnceValue(func() error {
		defer r.daemon.close()
		return <-ended
	})
	t.Cleanup(func() {
		cancel()
		_ = r.wait()
		if t.Failed() {
			t.Log(r.log.text.String())
		}
	})
	select {
	case <-r.agent.Ready():
	case <-time.After(time.Minute):
		t.Fatal("not ready after a minute")
	}
	return r
}

// get asks a server on a unix socket.
func get(t *testing.T, socket, path string) (int, string) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("http://unix" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// Every part is there, answers, and stops in good order.
func TestParts(t *testing.T) {
	dir := folder(t, "")
	stale, err := net.Listen("unix", filepath.Join(dir, "metrics.sock")) // of a process that was killed
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	d := runDaemon(t, dir, nil)
	metrics := filepath.Join(dir, "metrics.sock")
	for _, c := range []struct{ socket, path, want string }{
		{d.sockets["api"].Addr().String(), "/v1/apps", "[]"},
		{d.sockets["api"].Addr().String(), "/v1/tokens", "[]"},
		{metrics, "/healthz", "ok"},
		{metrics, "/readyz", "ok"},
		{metrics, "/metrics", "nexushub_dbus_calls_total{result=\"ok\"} 7"},
		{metrics, "/metrics", "nexushub_provider_up{provider=\"static\"} 1"},
		{metrics, "/metrics", "nexushub_disk_free_bytes "},
		{metrics, "/metrics/proxy", "{}"},
		{metrics, "/debug/pprof/", "goroutine"},
	} {
		if status, body := get(t, c.socket, c.path); status != http.StatusOK || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %q, want %q", c.path, status, body, c.want)
		}
	}
	if info, err := os.Stat(metrics); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("who may profile: %v, %v", info, err)
	}
	status, _ := get(t, d.sockets["debug"].Addr().String(), "/debug/application")
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		t.Errorf("the debug API answers whoever asks: %d", status)
	}
	if _, err := acquire(filepath.Join(dir, "lock")); err == nil {
		t.Error("a second agent could start")
	}
	d.stop()
	if err := d.wait(); err != nil {
		t.Errorf("an orderly stop is no error: %v", err)
	}
	lock, err := acquire(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatalf("the next agent cannot start: %v", err)
	}
	lock.release()
	if _, err := os.Stat(metrics); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("metrics.sock is left: %v", err)
	}
}

// An application of the configuration is started on systemd and routed by the proxy.
func TestConfigurationReachesSystemdAndProxy(t *testing.T) {
	dir := folder(t, "domain = \"example.com\"\n")
	pkg := filepath.Join(dir, "pkg")
	app := "instance_id = \"f5ec8bd6-3b1b-4b5c-9d39-4a5f0a8f2c11\"\nhost_name = \"hello.example.com\"\npackage = \"" +
		pkg + "\"\n"
	if err := errors.Join(
		os.MkdirAll(filepath.Join(pkg, "bin"), 0o755), os.MkdirAll(filepath.Join(dir, "apps.d"), 0o755),
		os.WriteFile(filepath.Join(pkg, "bin/app"), []byte("#!/bin/sh\n"), 0o755),
		os.WriteFile(filepath.Join(pkg, "nexushub.toml"), []byte("network = \"port\"\n[health]\ntype = \"notify\"\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "apps.d/hello.toml"), []byte(app), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	m := fake.New()
	d := runDaemon(t, dir, m)
	if calls := m.Calls(); len(calls) != 1 || !strings.HasPrefix(calls[0], "Start nexushub-app-hello-") {
		t.Errorf("systemd was told %v", calls)
	}
	table := d.front.ready(t)
	for running := false; !running; { // a route in hand would hold up the end
		_, apps := get(t, d.sockets["api"].Addr().String(), "/v1/apps")
		running = strings.Contains(apps, `"state":"running"`)
	}
	if target := table.Routes[0].Target; target == nil ||
		!slices.Equal(table.Routes[0].Hosts, []string{"hello.example.com"}) {
		t.Errorf("the proxy was told %+v", table.Routes)
	}
	if table.InternalSecret != d.secret || table.AgentSocket != filepath.Join(dir, "debug.sock") {
		t.Errorf("secret %q, debug API at %q", table.InternalSecret, table.AgentSocket)
	}
}

// Profiles tell what is in memory: they are for root's socket alone.
func TestNoProfilesOverTCP(t *testing.T) {
	d := runDaemon(t, folder(t, "[metrics]\nlisten = \"127.0.0.1:0\"\n"), nil)
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/healthz": http.StatusOK,
		"/debug/pprof/": http.StatusNotFound} {
		res, err := http.Get("http://" + d.metrics.served[1].Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// The watchdog's question fails once PID 1 does not answer.
func TestHealthNeedsSystemd(t *testing.T) {
	m := fake.New()
	dir := folder(t, "")
	runDaemon(t, dir, m)
	m.Fail("Ping", units.ErrDisconnected)
	if status, body := get(t, filepath.Join(dir, "metrics.sock"), "/healthz"); status != http.StatusServiceUnavailable {
		t.Errorf("%d %q", status, body)
	}
}

// A part that ends takes the others with it, and is named.
func TestAPartThatEndsIsNamed(t *testing.T) {
	d := runDaemon(t, folder(t, ""), nil)
	d.sockets["debug"].Close()
	if err := d.wait(); err == nil || !strings.HasPrefix(err.Error(), "debug API: ") {
		t.Errorf("%v, want the part's name", err)
	}
}

func TestSweep(t *testing.T) {
	dir := folder(t, "")
	d := runDaemon(t, dir, nil)
	unused := filepath.Join(dir, "releases", strings.Repeat("ab", 32))
	if err := os.Mkdir(unused, 0o755); err != nil {
		t.Fatal(err)
	}
	d.sweep()
	if _, err := os.Stat(unused); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a release that nothing uses is kept: %v", err)
	}
	if level := d.log.message("unused releases were removed"); level != "INFO" {
		t.Errorf("a removal is logged as %q", level)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "releases")),
		os.WriteFile(filepath.Join(dir, "releases"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	d.sweep()
	if level := d.log.message("unused releases could not be removed"); level != "ERROR" {
		t.Errorf("a failed sweep is logged as %q", level)
	}
}
