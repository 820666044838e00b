package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

const (
	bodySize    = 1024
	requestPath = "/public/1k"
)

const upstreamConfig = `
daemon off; pid {{.Dir}}/upstream.pid; error_log stderr warn; worker_processes 1; worker_rlimit_nofile 40000;
events { worker_connections 15000; }
http {
	access_log off; default_type text/plain;
	client_body_temp_path {{.Dir}}/u1; proxy_temp_path {{.Dir}}/u2; fastcgi_temp_path {{.Dir}}/u3; uwsgi_temp_path {{.Dir}}/u4; scgi_temp_path {{.Dir}}/u5;
	server {
{{range .Targets}}		listen {{.}} backlog=4096;
{{end}}		keepalive_requests 1000000000; keepalive_timeout 600s;
		location / { return 200 "{{.Body}}"; }
	}
}
`

// startUpstream is nginx, because it takes the least time from the two cores.
func startUpstream(ctx context.Context, p place) (*process, error) {
	p.Body = strings.Repeat("x", bodySize)
	config, err := p.write("upstream.conf", upstreamConfig)
	if err != nil {
		return nil, err
	}
	up, err := startProcess(ctx, p.Dir, "upstream", nginxProgram, "-p", p.Dir, "-c", config)
	if err != nil {
		return nil, err
	}
	return up, waitFor(ctx, up, p.Upstream)
}

// get makes one request on a connection that stays open and returns the body's size.
func get(c net.Conn) (int64, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", requestPath, host); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", resp.Status)
	}
	return n, err
}
