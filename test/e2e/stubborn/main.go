// Command stubborn is an application that refuses to be stopped: it ignores SIGTERM, asks
// systemd for more time over and over, reports that its watchdog has failed, which begins
// its end anew, and forks what does the same.
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
	signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGABRT)
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
	go beginAnew()
	fmt.Fprintln(os.Stderr, http.Serve(l, nil))
}

// refuse asks for ten more minutes, and for company, for ever.
func refuse() {
	for range time.Tick(200 * time.Millisecond) {
		tell("EXTEND_TIMEOUT_USEC=600000000")
		fork()
	}
}

// beginAnew lets systemd begin to stop it again and again, once it has begun at all.
func beginAnew() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	for range time.Tick(100 * time.Millisecond) {
		tell("WATCHDOG=trigger")
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
