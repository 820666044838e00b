// Command stubborn is an application that refuses to be stopped: it ignores SIGTERM, asks
// systemd for more time over and over, and forks what does the same.
package main

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	if len(os.Args) > 1 {
		refuse()
	}
	fork()
	fork()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tell("READY=1\nNOTIFYACCESS=all\nSTATUS=never \x1b[31mstops")
	go refuse()
	fmt.Fprintln(os.Stderr, http.Serve(l, nil))
}

// refuse asks for ten more minutes, and for company, for ever.
func refuse() {
	for range time.Tick(200 * time.Millisecond) {
		tell("EXTEND_TIMEOUT_USEC=600000000")
		fork()
	}
}

func tell(state string) {
	c, err := net.Dial("unixgram", cmp.Or(os.Getenv("NOTIFY_SOCKET"), "/run/systemd/notify"))
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state)) // who does not hear it will see
}

// fork starts another one, until the application may have no more processes.
func fork() {
	c := exec.Command("/proc/self/exe", "child")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.Start() == nil {
		go c.Wait()
	}
}
