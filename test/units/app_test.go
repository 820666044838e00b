package units_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// self is this test program in the machine; as "serve" it is the application.
const self = "/usr/lib/nexushub/units.test"

// serve answers on the socket it was given, or on PORT, until it is stopped.
func serve() error {
	l, err := listen()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(r.FormValue("name")))
	})
	mux.HandleFunc("/dial", func(w http.ResponseWriter, r *http.Request) {
		c, err := net.DialTimeout("tcp", r.FormValue("to"), time.Second)
		if err == nil {
			c.Close()
		}
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/listen", func(w http.ResponseWriter, r *http.Request) {
		_, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v", os.WriteFile(r.FormValue("path"), []byte(r.FormValue("text")), 0o600))
	})
	mux.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		b, err := os.ReadFile(r.FormValue("path"))
		fmt.Fprintf(w, "%s", b)
		if err != nil {
			fmt.Fprint(w, err)
		}
	})
	mux.HandleFunc("/connect", func(w http.ResponseWriter, r *http.Request) {
		c, err := net.Dial(r.FormValue("kind"), r.FormValue("path"))
		if err == nil {
			c.Close()
		}
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/eat", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("mib"))
		fmt.Fprint(w, len(strings.Repeat("x", n<<20)))
	})
	if err := notify("READY=1\nSTATUS=serving"); err != nil {
		return err
	}
	return http.Serve(l, mux)
}

// notify tells PID 1, as sd_notify(3) does.
func notify(state string) error {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	c, err := net.Dial("unixgram", address)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(state))
	return err
}

func listen() (net.Listener, error) {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		return net.FileListener(os.NewFile(3, os.Getenv("LISTEN_FDNAMES")))
	}
	return net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
}
