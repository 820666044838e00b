package apiserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/internal/problem"
)

const given = "0f8fad5b-d9cb-469f-a165-70867728950e"

// router has a path that is fine, one that fails, one that panics, and one that fails late.
func router(log io.Writer, keep bool) *echo.Echo {
	e := New(Options{
		Name: "test", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), KeepTrace: keep,
		Problem:  func(error, string) problem.Problem { return problem.Problem{Status: 500} },
		Frequent: func(c echo.Context) bool { return c.Path() == "/often" },
		Caller:   func(*http.Request) []any { return []any{"by", "tester"} },
	})
	fine := func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	e.Any("/fine", fine)
	e.Any("/often", fine)
	e.GET("/fails", func(echo.Context) error { return errors.New("disk on fire") })
	e.GET("/panics", func(echo.Context) error { panic("disk on fire") })
	e.GET("/panics/late", func(c echo.Context) error {
		io.WriteString(c.Response(), "begun")
		panic("disk on fire")
	})
	e.GET("/late", func(c echo.Context) error {
		io.WriteString(c.Response(), "begun")
		return errors.New("disk on fire")
	})
	return e
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set(TraceHeader, given)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRequestsAreTracedAndLogged(t *testing.T) {
	for _, c := range []struct {
		method, path, level string
		keep                bool
		status              int
	}{
		{"GET", "/fine", "DEBUG", false, 204},
		{"HEAD", "/fine", "DEBUG", true, 204},
		{"POST", "/fine", "INFO", true, 204},
		{"POST", "/often", "DEBUG", false, 204},
		{"GET", "/fails", "DEBUG", true, 500},
		{"GET", "/panics", "DEBUG", false, 500},
	} {
		var log bytes.Buffer
		w := ask(router(&log, c.keep), c.method, c.path)
		id := w.Header().Get(TraceHeader)
		if w.Code != c.status || len(id) != len(given) || (id == given) != c.keep {
			t.Errorf("%s %s: got %d, trace %q", c.method, c.path, w.Code, id)
		}
		if line := "level=" + c.level + ` msg="API request" api=test method=` + c.method; !strings.Contains(log.String(), line) ||
			!strings.Contains(log.String(), "trace_id="+id+" by=tester") {
			t.Errorf("%s %s is logged as %s", c.method, c.path, &log)
		}
		if failed := c.status == 500; failed != strings.Contains(log.String(), "disk on fire") ||
			failed != strings.Contains(w.Body.String(), id) {
			t.Errorf("%s %s: answer %s\nlog %s", c.method, c.path, w.Body, &log)
		}
	}
}

func TestAnAnswerThatHasBegunStays(t *testing.T) {
	var log bytes.Buffer
	if w := ask(router(&log, false), "GET", "/late"); w.Body.String() != "begun" ||
		!strings.Contains(log.String(), "disk on fire") {
		t.Errorf("got %s\n%s", w.Body, &log)
	}
}

// TestAPanicCutsTheAnswer: what has begun must not look whole.
func TestAPanicCutsTheAnswer(t *testing.T) {
	var log bytes.Buffer
	s := httptest.NewServer(router(&log, false))
	resp, err := http.Get(s.URL + "/panics/late")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	s.Close()
	if err == nil || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("got %v\n%s", err, &log)
	}
}

// serve runs h on a socket; stop ends it and returns what Serve did.
func serve(t *testing.T, h http.HandlerFunc) (client *http.Client, stop func() error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	client = &http.Client{Transport: &http.Transport{DialContext: dial}}
	return client, func() error { cancel(); return <-done }
}

func TestTheKernelNamesThePeer(t *testing.T) {
	client, stop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if p, ok := PeerOf(r); !ok || int(p.UID) != os.Getuid() || int(p.PID) != os.Getpid() {
			t.Errorf("got %+v %v", p, ok)
		}
	})
	if _, err := client.Get("http://x/"); err != nil {
		t.Error(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, ok := PeerOf(httptest.NewRequest("GET", "/", nil)); ok {
		t.Error("a peer from nowhere")
	}
}

// A stream has no end of its own; the stop gives it one, and its client the whole answer.
func TestAStopEndsStreams(t *testing.T) {
	begun := make(chan struct{})
	client, stop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first ")
		http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
		io.WriteString(w, "last")
	})
	res, err := client.Get("http://x/")
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := stop(); err != nil {
		t.Error(err)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "first last" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

// pipes is a listener that takes in what is put into it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipes) Close() error   { close(l.closed); return nil }
func (l pipes) Addr() net.Addr { return &net.UnixAddr{} }

// stopAtWork stops Serve while h is at work, in a bubble of synctest. It returns what the
// client got, how long the stop took, and what was logged.
func stopAtWork(t *testing.T, h http.HandlerFunc) (answer string, took time.Duration, log string) {
	t.Helper()
	client, server := net.Pipe()
	l := pipes{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conns <- server
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	done, got := make(chan error, 1), make(chan string, 1)
	go func() { done <- Serve(ctx, l, h, slog.New(slog.NewTextHandler(&out, nil))) }()
	go func() {
		io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		b, _ := io.ReadAll(client)
		got <- string(b)
	}()
	synctest.Wait()
	began := time.Now()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	took, log = time.Since(began), out.String()
	return <-got, took, log
}

// TestAStopLeavesWhatIsNearlyDone: it gets its whole answer, and nothing cuts it short.
func TestAStopLeavesWhatIsNearlyDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer, _, log := stopAtWork(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(900 * time.Millisecond):
				io.WriteString(w, "whole")
			case <-r.Context().Done():
				io.WriteString(w, "disturbed")
			}
		})
		if !strings.HasSuffix(answer, "\r\n\r\nwhole") || log != "" {
			t.Errorf("got %s\n%s", answer, log)
		}
	})
}

// TestWhatDoesNotEndIsCutOff: a handler that goes on for an hour does not hold a stop.
func TestWhatDoesNotEndIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		answer, took, log := stopAtWork(t, func(http.ResponseWriter, *http.Request) {
			<-time.After(time.Hour)
			close(ended)
		})
		<-ended
		if took != 5*time.Second || answer != "" || !strings.Contains(log, "API requests were cut off") {
			t.Errorf("stopped after %s, got %q\n%s", took, answer, log)
		}
	})
}
