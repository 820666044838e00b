package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func handler(getenv func(string) string, log io.Writer) http.Handler {
	mux := http.NewServeMux()
	started := time.Now()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		status := map[string]any{"status": "ok", "pid": os.Getpid(), "release": getenv("NEXUSHUB_RELEASE"),
			"started": started.UTC()}
		if err := json.NewEncoder(w).Encode(status); err != nil {
			fmt.Fprintln(log, "status:", err)
		}
	})
	mux.HandleFunc("GET /public/time", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello from %s, process %d, at %s\n", r.Host, os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	})
	return logged(mux, log)
}

func logged(next http.Handler, log io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		fmt.Fprintf(log, "%s %s trace=%s\n", r.Method, r.URL.Path, r.Header.Get("X-Trace-ID"))
	})
}
