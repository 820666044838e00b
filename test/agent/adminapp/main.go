// Command adminapp stands in for the admin service: it answers with the list in its
// state directory, and with an event whenever that has changed.
package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "adminapp:", err)
		os.Exit(1)
	}
}

func run() error {
	dir := os.Getenv("STATE_DIRECTORY")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/applications", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for the list")
		http.ServeFile(w, r, filepath.Join(dir, "list"))
	})
	mux.HandleFunc("GET /api/poll", func(w http.ResponseWriter, r *http.Request) {
		info, err := os.Stat(filepath.Join(dir, "list"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		event := info.ModTime().UnixNano()
		if since, err := strconv.ParseInt(r.URL.Query().Get("e"), 10, 64); err == nil && event < since {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintf(w, `{"id":%d,"version":1}`, event)
	})
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux)
}
