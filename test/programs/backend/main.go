// Command backend tells what a Go program sees of its host.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"runtime"
)

func main() {
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(tell)); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func tell(w http.ResponseWriter, _ *http.Request) {
	interfaces, err := net.Interfaces()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	self, err := user.Current()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "interfaces=%d home=%s cache=%s procs=%d cpus=%d", len(interfaces), self.HomeDir, cache,
		runtime.GOMAXPROCS(0), runtime.NumCPU())
}
