package main

import (
	"context"

	"github.com/nexushub/nexushub/test/need"
)

const caddyConfig = `{
	admin off
	auto_https off
	persist_config off
	servers {
		protocols h1 h2
		timeouts {
			idle 10m
		}
	}
}
https://{{.Host}}:{{.Port}} {
	bind 127.0.0.1
	tls {{.Crt}} {{.Key}} {
		protocols tls1.3
	}
	reverse_proxy 127.0.0.1:{{.Upstream}} {
		header_up X-Trace-ID {http.request.uuid}
		transport http {
			keepalive_idle_conns_per_host 256
		}
	}
}
`

func startCaddy(ctx context.Context, p place) (*subject, error) {
	bin, err := need.Tool(ctx, need.Caddy)
	if err != nil {
		return nil, err
	}
	config, err := p.write("Caddyfile", caddyConfig)
	if err != nil {
		return nil, err
	}
	proc, err := startProcess(ctx, p.Dir, "caddy", bin, "run", "--config", config, "--adapter", "caddyfile")
	return &subject{name: "caddy", version: "caddy " + firstLine(ctx, bin, "version"), port: p.Port, process: proc}, err
}
