package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/problem"
)

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	srv.Start()
	t.Cleanup(srv.Close)
	return NewClient(path)
}

func TestClientReadsProblems(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		err := &Fault{Code: Invalid, Detail: "two things", Faults: []problem.Fault{{Pointer: "a", Detail: "b"}}}
		if err := problem.Write(w, ProblemOf(err, "")); err != nil {
			t.Error(err)
		}
	})
	_, err := c.App(t.Context(), "x")
	var f *Fault
	if !errors.As(err, &f) || f.Code != Invalid || len(f.Faults) != 1 || f.Error() != "two things" {
		t.Errorf("got %#v", err)
	}
}

func TestClientReadsForeignErrors(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "<b>nope</b>\nmore", http.StatusNotFound)
	})
	if err := c.Debug().Delete(t.Context(), "x"); !errors.Is(err, NotFound) || err.Error() != "<b>nope</b>" {
		t.Errorf("got %v", err)
	}
}

func TestClientSaysThatNobodyIsThere(t *testing.T) {
	c := NewClient(filepath.Join(t.TempDir(), "none.sock"))
	if _, err := c.Apps(t.Context()); !errors.Is(err, Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestUploadChunkSendsTheContractsFields(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for field, want := range map[string]string{"chunkIndex": "3", "totalChunks": "9", "fileHash": "m", "sha256": "s"} {
			if got := r.FormValue(field); got != want {
				t.Errorf("%s = %q, want %q", field, got, want)
			}
		}
		f, _, err := r.FormFile("chunk")
		if err != nil {
			t.Error(err)
			return
		}
		if data, _ := io.ReadAll(f); string(data) != "abc" {
			t.Errorf("chunk = %q", data)
		}
		io.WriteString(w, `{"status":"received"}`)
	})
	got, err := c.Debug().UploadChunk(t.Context(), "id",
		Chunk{Index: 3, Total: 9, MD5: "m", SHA256: "s", Data: []byte("abc")})
	if err != nil || got.Status != "received" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLogsYieldEntriesAndGaps(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") != "c0" || r.URL.Query().Get("lines") != "5" {
			t.Errorf("got %v %v", r.Header, r.URL)
		}
		io.WriteString(w, "retry: 2000\n\n: hello\n\nid: c1\nevent: log\ndata: {\"id\":\"c1\",\"message\":\"m\"}\n\n"+
			"event: gap\ndata: {\"reason\":\"vacuumed\"}\n\n")
	})
	var got []string
	for e, err := range c.Logs(t.Context(), "x", url.Values{"lines": {"5"}}, "c0") {
		switch {
		case err != nil:
			t.Fatal(err)
		case e.Entry != nil:
			got = append(got, e.Entry.ID+e.Entry.Message)
		case e.Gap != nil:
			got = append(got, e.Gap.Reason)
		}
	}
	if strings.Join(got, " ") != "c1m vacuumed" {
		t.Errorf("got %v", got)
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add("id: c\nevent: log\ndata: {}\n\n")
	f.Add(": x\n\nevent: gap\ndata: {\"reason\":\"slow\"}\n\n")
	f.Add("data: {\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		if err := readEvents(strings.NewReader(s), func(LogEvent) bool { n++; return true }); err == nil && n > len(s) {
			t.Errorf("%d events from %d bytes", n, len(s))
		}
	})
}

func TestRemoteClientFindsLocalhostNamesItself(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "[]") }))
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewRemoteClient("http://admin.of-nobody.localhost:"+port, "token", nil).Debug().List(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDeployedURLHasTheProxysPort(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"url":"https://shop.example.org:8443/"}`)
	})
	if got := c.DeployedURL(t.Context(), DebugApplication{ID: "x", HostName: "shop.example.org"}); got != "https://shop.example.org:8443/" {
		t.Errorf("got %q", got)
	}
}

// PID 1 takes the connection; nobody answers.
func TestClientDoesNotWaitForeverForAnAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := NewClient(path)
	c.answerTimeout = 10 * time.Millisecond
	if _, err := c.Apps(t.Context()); !errors.Is(err, Unavailable) || !strings.Contains(err.Error(), path) {
		t.Errorf("error = %v, want that %s does not answer", err, path)
	}
}
