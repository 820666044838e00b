package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/test/need"
)

const nexushubConfig = `
[proxy]
cert_dir = "{{.Dir}}"
state_dir = "{{.Dir}}/state"
idle_timeout = "10m"
access_log = false
`

// nexushub is our proxy and the way to give it routes.
type nexushub struct {
	subject
	client  *proxyctl.Client
	targets []proxyctl.Target
	tables  uint64 // applied so far
}

// startNexushub starts the daemon without systemd: it makes its sockets itself.
func startNexushub(ctx context.Context, p place, program string) (*nexushub, error) {
	if program == "" {
		built, err := need.Program(ctx, p.Dir, "./cmd/nexushub-proxy")
		if err != nil {
			return nil, err
		}
		program = built
	}
	if _, err := p.write("nexushub.toml", nexushubConfig); err != nil {
		return nil, err
	}
	state, control := filepath.Join(p.Dir, "state"), filepath.Join(p.Dir, "proxy.sock")
	if err := errors.Join(os.MkdirAll(state, 0o755), os.MkdirAll(filepath.Join(p.Dir, "run"), 0o700)); err != nil {
		return nil, err
	}
	proc, err := startProcess(ctx, p.Dir, "nexushub-proxy", program, "--config", p.Dir,
		"--listen", fmt.Sprintf("127.0.0.1:%d", p.Port), "--control", control, "--run-dir", filepath.Join(p.Dir, "run"))
	if err != nil {
		return nil, err
	}
	n := &nexushub{
		subject: subject{name: "nexushub", version: firstLine(ctx, program, "--version"), port: p.Port, process: proc},
		client:  proxyctl.NewClient(control),
	}
	for _, address := range p.Targets() {
		n.targets = append(n.targets, proxyctl.Target{ID: "application at " + address, Network: "tcp", Address: address})
	}
	if err := waitFor(ctx, proc, p.Port); err != nil {
		return nil, err
	}
	return n, n.serve(ctx, 1, 1)
}

// serve routes host and, when hosts is greater than one, host0, host1 and so on, each
// to an instance of its own with so many targets.
func (n *nexushub) serve(ctx context.Context, hosts, targets int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	n.tables++
	table := proxyctl.Table{
		Format: 1, Generation: n.tables, Domain: "yesterday.localhost", InternalSecret: "benchmark",
		Routes: []proxyctl.Route{n.route(0, host, targets)},
	}
	for i := 1; i < hosts; i++ {
		table.Routes = append(table.Routes, n.route(i, hostName(i), targets))
	}
	return n.client.Apply(ctx, table)
}

func (n *nexushub) route(i int, name string, targets int) proxyctl.Route {
	r := proxyctl.Route{
		Instance: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Name: name, Kind: "static",
		Hosts: []string{name}, State: "ready", ProxyAll: true,
	}
	r.LeadTo(n.targets[:targets]...)
	return r
}

func hostName(i int) string { return fmt.Sprintf("host%d.yesterday.localhost", i) }
