package proxy

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

func TestControl(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	body(t, get(t, f.http(false), "/x"))
	eventually(t, "request is counted", func() bool {
		s, err := f.client.Status(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return s.Generation == 1 && len(s.Listeners) == 3 && s.CACert != "" && len(s.Routes) == 1 &&
			len(s.Instances) == 1 &&
			s.Instances[0].Requests == 1 && !s.Instances[0].LastRequest.IsZero() && s.Instances[0].InFlight == 0
	})
	if err := f.client.Apply(context.Background(), proxyctl.Table{Format: 9}); err == nil ||
		!strings.Contains(err.Error(), "format 9") {
		t.Error("bad table:", err)
	}
	list, err := f.client.Certs(context.Background())
	if err != nil || len(list) != 1 || list[0].Source != "local CA" {
		t.Error(list, err)
	}
	if r, err := f.client.Drain(context.Background(), "nobody", time.Second); err != nil ||
		r != (proxyctl.DrainResult{}) {
		t.Error(r, err)
	}
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", f.socket) }
	control := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	for path, want := range map[string]string{"/metrics": `nexushub_http_requests_total{app="app",code="200",method="GET"} 1`, "/healthz": "ok"} {
		r, err := control.Get("http://proxy" + path)
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
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateDown,
		ErrorDir: dir}))
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
