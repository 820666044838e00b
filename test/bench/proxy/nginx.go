package main

import "context"

const nginxProgram = "/usr/sbin/nginx"

const nginxConfig = `
daemon off; pid {{.Dir}}/nginx.pid; error_log stderr warn; worker_processes auto; worker_rlimit_nofile 40000;
events { worker_connections 15000; }
http {
	access_log off;
	client_body_temp_path {{.Dir}}/n1; proxy_temp_path {{.Dir}}/n2; fastcgi_temp_path {{.Dir}}/n3; uwsgi_temp_path {{.Dir}}/n4; scgi_temp_path {{.Dir}}/n5;
	upstream application { server 127.0.0.1:{{.Upstream}}; keepalive 64; keepalive_requests 1000000000; }
	server {
		listen 127.0.0.1:{{.Port}} ssl http2 backlog=4096;
		ssl_certificate {{.Crt}}; ssl_certificate_key {{.Key}}; ssl_protocols TLSv1.3;
		keepalive_requests 1000000000; keepalive_timeout 600s;
		location / {
			proxy_pass http://application; proxy_http_version 1.1;
			proxy_set_header Connection ""; proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Trace-ID $request_id;
		}
	}
}
`

func startNginx(ctx context.Context, p place) (*subject, error) {
	config, err := p.write("nginx.conf", nginxConfig)
	if err != nil {
		return nil, err
	}
	proc, err := startProcess(ctx, p.Dir, "nginx", nginxProgram, "-p", p.Dir, "-c", config)
	return &subject{name: "nginx", version: firstLine(ctx, nginxProgram, "-v"), port: p.Port, process: proc}, err
}
