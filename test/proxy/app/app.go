package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/websocket"
)

// app counts requests whose client left before the end.
type app struct {
	*http.ServeMux
	left atomic.Int64
}

func newApp() *app {
	a := &app{ServeMux: http.NewServeMux()}
	a.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	a.HandleFunc("GET /public/left", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, a.left.Load()) })
	a.HandleFunc("GET /public/events", a.events)
	a.HandleFunc("GET /public/slow", a.slow)
	a.HandleFunc("GET /public/trailer", trailer)
	a.HandleFunc("GET /public/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	a.HandleFunc("GET /public/down", down)
	a.HandleFunc("PUT /public/up", up)
	a.Handle("GET /public/ws", websocket.Handler(func(c *websocket.Conn) { io.Copy(c, c) })) // until one side closes
	a.HandleFunc("POST /public/early", early)
	a.HandleFunc("GET /public/fixation", fixation)
	a.Handle("/public/relay/", relay())
	a.HandleFunc("GET /public/flood", a.flood)
	late := &sloppy{make(chan struct{}), make(chan struct{})}
	a.HandleFunc("GET /public/raw", raw)
	a.Handle("/public/sloppy", late)
	a.HandleFunc("POST /public/late", late.late)
	a.HandleFunc("GET /public/login", signIn)
	a.HandleFunc("POST /internal/access_token", exchange)
	a.HandleFunc("/", echo)
	return a
}

// ServeHTTP does not let the mux redirect to the clean path where the application is to
// clean by itself.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, cleans := os.LookupEnv("CLEANS"); cleans && path.Clean(r.URL.Path) != "/public/fixation" {
		echo(w, r)
		return
	}
	a.ServeMux.ServeHTTP(w, r)
}

// fixation tries to log everybody in as somebody else, and out.
func fixation(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h["Set-Cookie"] = []string{"YRT=x; Domain=yesterday.localhost; Path=/", "mine=1",
		" =YRT=x; Domain=yesterday.localhost", "YRT", "yrt\t=x", "a=b, YRT=x"}
	h.Set("Set-Cookie2", "YRT=x")
	h.Set("Clear-Site-Data", `"cookies", "storage"`)
	w.WriteHeader(http.StatusEarlyHints)
	h.Set("Trailer", "Set-Cookie")
	fmt.Fprintln(w, "fixation")
	h.Set("Set-Cookie", "YRT=x")
}

// Echo is what arrived, and at whom.
type Echo struct {
	Instance string      `json:"instance"`
	Label    string      `json:"label"`
	PID      int         `json:"pid"`
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	URI      string      `json:"uri"`
	Reading  string      `json:"reading"` // the path, decoded once and cleaned
	Header   http.Header `json:"header"`
	Body     string      `json:"body"`
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(Echo{ //nolint:errcheck // the client has left
		Instance: os.Getenv("INSTANCE_ID"), Label: os.Getenv("LABEL"), PID: os.Getpid(),
		Method:  r.Method,
		Host:    r.Host,
		URI:     r.RequestURI,
		Reading: path.Clean(r.URL.Path),
		Header:  r.Header,
		Body:    string(body),
	})
}

// events sends one event and then stays silent as long as the client is there.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "data: first\n\n")
	http.NewResponseController(w).Flush() //nolint:errcheck // the client has left
	<-r.Context().Done()
	a.left.Add(1)
}

// slow answers after ms milliseconds.
func (a *app) slow(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Duration(number(r, "ms")) * time.Millisecond):
		fmt.Fprintln(w, os.Getenv("LABEL"))
	case <-r.Context().Done():
		a.left.Add(1)
	}
}

func trailer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Sum")
	fmt.Fprintln(w, "te:", r.Header.Get("TE"))
	w.Header().Set("X-Sum", "42")
}

func down(w http.ResponseWriter, r *http.Request) {
	size := number(r, "size")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	io.CopyN(w, zeros{}, size) //nolint:errcheck // the client sees what is missing
}

func up(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	fmt.Fprintln(w, n, err)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func number(r *http.Request, name string) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
