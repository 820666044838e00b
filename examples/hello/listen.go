package main

import (
	"errors"
	"net"
	"os"
	"strconv"
)

const firstInherited = 3 // sd_listen_fds(3)

func listen(getenv func(string) string) (net.Listener, error) {
	if getenv("LISTEN_FDS") != "" && getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		f := os.NewFile(firstInherited, "web")
		defer f.Close()
		return net.FileListener(f)
	}
	if port := getenv("PORT"); port != "" {
		return net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	}
	return nil, errors.New("nowhere to listen: neither LISTEN_FDS nor PORT is set")
}
