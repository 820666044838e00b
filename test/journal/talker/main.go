// Command talker is an application that prints what it is told to, for the tests of
// the log: numbered lines, lines of any length, bytes of any kind, native entries that
// claim to be somebody else's, and last words.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	http.HandleFunc("/api/status", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/lines", lines)
	http.HandleFunc("/stdout", print(os.Stdout))
	http.HandleFunc("/stderr", print(os.Stderr))
	http.HandleFunc("/native", native)
	http.HandleFunc("/crash", crash)
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// lines prints from..to at a steady rate, each a write of its own.
func lines(_ http.ResponseWriter, r *http.Request) {
	n := func(key string) int { v, _ := strconv.Atoi(r.FormValue(key)); return v }
	began, from := time.Now(), n("from")
	for i := from; i < n("to"); i++ {
		if ahead := time.Duration(i-from)*time.Second/time.Duration(n("rate")) - time.Since(began); ahead > 0 {
			time.Sleep(ahead)
		}
		fmt.Fprintf(os.Stdout, "line %d %d\n", i, time.Now().UnixMicro())
	}
}

// print copies the body.
func print(out *os.File) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = out.Write(data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// native sends the body to journald as an entry of its native protocol.
func native(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, err := body.ReadFrom(r.Body)
	if err == nil {
		err = send(body.Bytes())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func send(entry []byte) error {
	conn, err := net.Dial("unixgram", "/run/systemd/journal/socket")
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write(entry)
	return err
}

func crash(http.ResponseWriter, *http.Request) {
	fmt.Fprintln(os.Stderr, "last words")
	os.Exit(3)
}
