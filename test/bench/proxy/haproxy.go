package main

import "context"

const haproxyProgram = "/usr/sbin/haproxy"

const haproxyConfig = `
global
	maxconn 12000
	no strict-limits
	ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
	mode http
	maxconn 12000
	timeout connect 5s
	timeout client 600s
	timeout server 600s
	timeout http-keep-alive 600s
	option forwardfor
frontend https
	bind 127.0.0.1:{{.Port}} ssl crt {{.Both}} alpn h2,http/1.1 backlog 4096
	http-request set-header X-Forwarded-Proto https
	http-request set-header X-Trace-ID %[uuid]
	default_backend application
backend application
	http-reuse always
	server one 127.0.0.1:{{.Upstream}}
`

func startHAProxy(ctx context.Context, p place) (*subject, error) {
	config, err := p.write("haproxy.cfg", haproxyConfig)
	if err != nil {
		return nil, err
	}
	proc, err := startProcess(ctx, p.Dir, "haproxy", haproxyProgram, "-db", "-f", config)
	return &subject{name: "haproxy", version: firstLine(ctx, haproxyProgram, "-v"), port: p.Port, process: proc}, err
}
