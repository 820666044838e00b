package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
)

// What the proxy says of itself is passed on whole, or the scrape fails.
func TestMetricsOfTheProxyAreWhole(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc // nil: there is no proxy
		status int
		text   string
		broken bool
	}{
		{"whole", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x 1\n") }, http.StatusOK, "x 1\n", false},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "x 1\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, http.StatusOK, "", true},
		{"without end", func(w http.ResponseWriter, _ *http.Request) {
			for line := make([]byte, 1<<20); ; {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, http.StatusOK, "", true},
		{"an error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
			http.StatusBadGateway, "", false},
		{"away", nil, http.StatusBadGateway, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "proxy.sock")
			if c.answer != nil {
				serveOn(t, socket, c.answer)
			}
			m := &monitoring{proxy: proxyctl.NewClient(socket)}
			s := httptest.NewServer(http.HandlerFunc(m.ofProxy))
			defer s.Close()
			res, err := s.Client().Get(s.URL)
			if err != nil { // nothing of it had left yet
				if !c.broken {
					t.Error(err)
				}
				return
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if res.StatusCode != c.status || c.broken != (err != nil) || c.text != "" && string(body) != c.text {
				t.Errorf("got %d, %d bytes, %v", res.StatusCode, len(body), err)
			}
			if len(body) > proxyMetricsLimit {
				t.Errorf("%d bytes were passed on", len(body))
			}
		})
	}
}

func serveOn(t *testing.T, socket string, h http.Handler) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
}
