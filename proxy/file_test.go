package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

func TestFilesOfAnApplication(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "home", "app.js": "code",
		"big.bin": strings.Repeat("x", 100_000)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	app := httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "app ", r.Method, " ", r.URL.Path)
		}))
	t.Cleanup(app.Close)
	target := &proxyctl.Target{ID: "app", Network: "tcp", Address: app.Listener.Addr().String()}
	route := func(id string, change func(*proxyctl.Route)) proxyctl.Route {
		r := proxyctl.Route{Instance: id, Name: id, Hosts: []string{id + ".yesterday.localhost"},
			State: proxyctl.StateReady, StaticDir: dir, Target: target}
		change(&r)
		return r
	}
	f := start(t)
	f.apply(table(
		route("files", func(r *proxyctl.Route) { r.Target = nil }),
		route("spa", func(r *proxyctl.Route) { r.SPAFallback = true }),
		route("spa-all", func(r *proxyctl.Route) { r.SPAFallback, r.ProxyAll = true, true }),
		route("spa-open", func(r *proxyctl.Route) { r.SPAFallback, r.Access = true, proxyctl.AccessOpen }),
		route("all", func(r *proxyctl.Route) { r.ProxyAll = true }),
		route("down", func(r *proxyctl.Route) { r.State = proxyctl.StateDown; r.ProxyAll = true }),
	))
	cases := []struct {
		host, method, path string
		status             int
		text               string
	}{
		{"spa", "GET", "/users/jane.doe text/html", 200, "home"},
		{"spa", "GET", "/missing.js */*", 404, ""},
		{"spa", "GET", "/users/7 application/json", 404, ""},
		{"spa all", "GET", "/users/7 text/html", 200, "home"},
		{"spa all", "GET", "/export.csv text/html", 200, "app GET /export.csv"},
		{"spa open", "GET", "/users/7 text/html", 200, "home"},
		{"spa open", "GET", "/export.csv text/html", 200, "app GET /export.csv"},
		{"files", "GET", "/", 200, "home"},
		{"files", "GET", "/app.js?v=1", 200, "code"},
		{"files", "GET", "/missing", 404, ""},
		{"files", "POST", "/app.js", 405, ""},
		{"files", "OPTIONS", "/missing", 405, ""},
		{"spa", "GET", "/users/7", 200, "home"},
		{"spa", "GET", "/missing.js", 404, ""},
		{"spa", "POST", "/users/7", 405, ""},
		{"all", "GET", "/app.js", 200, "code"},
		{"all", "GET", "/users/7", 200, "app GET /users/7"},
		{"all", "POST", "/app.js", 200, "app POST /app.js"},
		{"down", "GET", "/app.js", 200, "code"},
		{"down", "GET", "/users/7", 503, ""},
	}
	both(t, f, func(t *testing.T, c *http.Client) {
		for _, k := range cases {
			path, accept, _ := strings.Cut(k.path, " ")
			host := strings.ReplaceAll(k.host, " ", "-")
			r, _ := http.NewRequest(k.method, "https://"+host+".yesterday.localhost"+path, nil)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got := body(t, resp)
			if resp.StatusCode != k.status || (k.text != "" && got != k.text) {
				t.Errorf("%s %s%s: %s %q", k.method, k.host, k.path, resp.Status, got)
			}
			if vary := resp.Header.Get("Vary"); (vary == "Accept") != (got == "home" && path != "/") {
				t.Errorf("%s%s: Vary: %s", k.host, k.path, vary)
			}
		}
		r, _ := http.NewRequest("GET", "https://files.yesterday.localhost/big.bin", nil)
		r.Header.Set("Range", "bytes=10-19")
		if resp, err := c.Do(r); err != nil || resp.StatusCode != 206 || body(t, resp) != "xxxxxxxxxx" {
			t.Error("range:", resp, err)
		}
		if resp, err := c.Head("https://files.yesterday.localhost/big.bin"); err != nil ||
			resp.ContentLength != 100_000 {
			t.Error("HEAD:", resp, err)
		}
		if resp, err := c.Get("https://files.yesterday.localhost/big.bin"); err != nil ||
			len(body(t, resp)) != 100_000 {
			t.Error("big file:", resp, err)
		}
	})
}

// TestServiceAtAPublicAddress: where a name leads counts when it is connected to, and a connection of
// somebody who may reach more is not shared.
func TestServiceAtAPublicAddress(t *testing.T) {
	var asked atomic.Int32
	internal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "internal")
	}))
	t.Cleanup(internal.Close)
	_, port, err := net.SplitHostPort(internal.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	route := func(id, service string, public bool) proxyctl.Route {
		return proxyctl.Route{Instance: id, Name: id, Hosts: []string{id + ".debug"}, State: proxyctl.StateDown,
			Kind: "debug", StaticService: service, PublicService: public}
	}
	var log counter
	f := start(t, func(o *Options) { o.Log = log.logger() })
	f.apply(table(route("operator", internal.URL, false), route("same", internal.URL, true),
		route("named", "http://localhost:"+port, true), route("tls", "https://localhost:"+port, true)))
	both(t, f, func(t *testing.T, c *http.Client) {
		for host, want := range map[string]int{"operator": 200, "same": 502, "named": 502, "tls": 502} {
			before := asked.Load()
			r, err := c.Get("https://" + host + ".debug/x")
			if err != nil {
				t.Fatal(err)
			}
			if got := body(t, r); r.StatusCode != want || (asked.Load() == before) != (want == 502) {
				t.Errorf("%s: %s %q", host, r.Status, got)
			}
		}
	})
	if log.count("is not a public address") == 0 {
		t.Error("the log does not say why")
	}
}

func TestDevelopmentServers(t *testing.T) {
	dev := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			webSocket(w, r)
			return
		}
		fmt.Fprint(w, r.Host, " ", r.URL)
	}))
	t.Cleanup(dev.Close)
	address := dev.Listener.Addr().String()
	f := start(t)
	f.apply(table(
		proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateStarting,
			DevServer: address},
		proxyctl.Route{Instance: "service", Name: "service", Hosts: []string{"my.debug"}, State: proxyctl.StateDown,
			Kind: "debug", StaticService: dev.URL + "/base/"},
	))
	both(t, f, func(t *testing.T, c *http.Client) {
		if got := body(t, get(t, c, "/src/main.ts?t=1")); got != appHost+" /src/main.ts?t=1" {
			t.Error(got)
		}
		r, err := c.Get("https://my.debug/x%20y?z")
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, r); got != address+" /base/x%20y?z" {
			t.Error(got)
		}
	})
	conn, in := upgrade(t, f)
	io.WriteString(conn, "hot")
	if b, err := in.Peek(3); err != nil || string(b) != "hot" {
		t.Error(string(b), err)
	}
}
