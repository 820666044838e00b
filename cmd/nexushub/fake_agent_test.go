package main

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

// fakeAgent answers with the files of a script, over a unix socket and over TLS: the file
// agent/v1/apps/GET is the answer to GET /v1/apps, agent/v1/apps/GET.2 to the second such
// request. A file that is not there is an error 404; one that begins with "! CODE" is the
// problem document of that code, with the rest as its detail; one that begins with "id:" or
// "event:" is a stream, which ends, and waits for news when a follower comes back.
// {{ago 49h}} and {{in 49h}} are times, {{hash}} is that of the last upload.
//
// It writes down what it was asked, so that a script can compare that as well.
type fakeAgent struct {
	dir string

	mu    sync.Mutex // guards the fields that follow
	asked []string
	count map[string]int
	hash  string        // of the package that was uploaded last
	news  chan struct{} // closed and replaced when something was asked
}

type agentKey struct{}

func agentOf(ts *testscript.TestScript) *fakeAgent { return ts.Value(agentKey{}).(*fakeAgent) }

func newAgent(dir string) *fakeAgent {
	return &fakeAgent{dir: dir, count: map[string]int{}, news: make(chan struct{})}
}

func startAgent(e *testscript.Env) (*fakeAgent, error) {
	a := newAgent(filepath.Join(e.WorkDir, "agent"))
	socket := filepath.Join(e.WorkDir, "api.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	local := &httptest.Server{Listener: l, Config: &http.Server{Handler: a}}
	local.Start()
	e.Defer(local.Close)
	remote := httptest.NewUnstartedServer(a)
	remote.Config.ErrorLog = log.New(io.Discard, "", 0) // some scripts do not trust it
	remote.StartTLS()
	e.Defer(remote.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: remote.Certificate().Raw})
	e.Setenv("FAKE_SOCKET", socket)
	e.Setenv("REMOTE", remote.Listener.Addr().String())
	return a, os.WriteFile(filepath.Join(e.WorkDir, "root.crt"), cert, 0o644)
}

func (a *fakeAgent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := a.record(r)
	data, err := os.ReadFile(filepath.Join(a.dir, r.URL.Path, fmt.Sprintf("%s.%d", r.Method, n)))
	if errors.Is(err, fs.ErrNotExist) {
		data, err = os.ReadFile(filepath.Join(a.dir, r.URL.Path, r.Method))
	}
	if err != nil {
		data = []byte("! not-found " + r.URL.Path)
	}
	data = a.fill(data)
	text := string(data)
	switch {
	case strings.HasPrefix(text, "! "):
		code, detail, _ := strings.Cut(strings.TrimSpace(text[2:]), " ")
		p := api.ProblemOf(&api.Fault{Code: api.Code(code), Detail: detail}, "")
		p.Detail = detail
		problem.Write(w, p)
	case strings.HasPrefix(text, "id:"), strings.HasPrefix(text, "event:"):
		w.Header().Set("Content-Type", "text/event-stream")
		if r.URL.Query().Get("follow") == "true" && r.Header.Get("Last-Event-ID") != "" {
			w.(http.Flusher).Flush()
			<-r.Context().Done() // it has everything
			return
		}
		w.Write(data)
	case len(data) == 0:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Write(data)
	}
}

// record returns how often the same has been asked.
func (a *fakeAgent) record(r *http.Request) int {
	line, hash := r.Method+" "+r.URL.RequestURI(), ""
	for _, name := range []string{"Authorization", "Last-Event-Id"} {
		if v := r.Header.Get(name); v != "" {
			line += "\n    " + name + ": " + v
		}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		line += fmt.Sprintf("\n    chunk %s of %s", r.FormValue("chunkIndex"), r.FormValue("totalChunks"))
		hash = r.FormValue("fileHash")
	} else if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
		line += "\n    " + string(bytes.TrimSpace(body))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.hash = append(a.asked, line), cmp.Or(hash, a.hash)
	close(a.news)
	a.news = make(chan struct{})
	key := r.Method + " " + r.URL.Path
	a.count[key]++
	return a.count[key]
}

// writeRequests is `requests`: it writes what was asked since the last time into the
// file requests.
func (a *fakeAgent) writeRequests(ts *testscript.TestScript) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := ""
	for _, line := range a.asked {
		text += line + "\n"
	}
	a.asked = nil
	ts.Check(os.WriteFile(ts.MkAbs("requests"), []byte(text), 0o644))
}

// await is `await REQUEST`: it waits until something that begins so has been asked.
func (a *fakeAgent) await(ts *testscript.TestScript, request string) {
	ts.Check(a.waitFor(request, 1))
}

func (a *fakeAgent) waitFor(request string, times int) error {
	timeout := time.After(time.Minute)
	for {
		a.mu.Lock()
		news, asked := a.news, a.asked
		a.mu.Unlock()
		n := 0
		for _, line := range asked {
			if strings.HasPrefix(strings.ReplaceAll(line, "\n    ", " "), request) {
				n++
			}
		}
		if n >= times {
			return nil
		}
		select {
		case <-news:
		case <-timeout:
			return fmt.Errorf("%q was asked %d times of %d; asked was %q", request, n, times, asked)
		}
	}
}

var timeMark = regexp.MustCompile(`\{\{(ago|in) (\w+)\}\}`)

func (a *fakeAgent) fill(data []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	data = bytes.ReplaceAll(data, []byte("{{hash}}"), []byte(a.hash))
	return timeMark.ReplaceAllFunc(data, func(mark []byte) []byte {
		m := timeMark.FindSubmatch(mark)
		d, err := time.ParseDuration(string(m[2]))
		if err != nil {
			panic(err)
		}
		if string(m[1]) == "ago" {
			d = -d
		}
		return []byte(time.Now().UTC().Add(d).Format(time.RFC3339Nano))
	})
}
