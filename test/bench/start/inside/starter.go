package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/nexushub/nexushub/units"
)

const self = "/usr/lib/nexushub/bench"

// starter is one way to start an application that listens on a port.
type starter interface {
	name() string
	parallel() bool // takes part in the cold start
	start(ctx context.Context, port int) error
	stop(ctx context.Context, port int) error
}

func starters(m *units.Manager) ([]starter, error) {
	conn, err := dbus.NewSystemConnectionContext(context.Background())
	if err != nil {
		return nil, err
	}
	caps := m.Capabilities()
	alone, cat := caps, caps
	alone.ExecHelper, cat.ExecHelper = "", "/usr/bin/systemd-cat"
	return []starter{
		&process{running: map[int]*exec.Cmd{}},
		raw{conn: conn, label: "bare unit", properties: bare},
		raw{conn: conn, label: "raw sandbox", properties: sandboxed(alone)},
		raw{conn: conn, label: "raw sandbox, systemd-cat", properties: sandboxed(cat)},
		managed{m},
	}, nil
}

// process is fork and exec.
type process struct {
	mu      sync.Mutex
	running map[int]*exec.Cmd
}

func (*process) name() string   { return "fork+exec" }
func (*process) parallel() bool { return false }

func (p *process) start(_ context.Context, port int) error {
	cmd := exec.Command(self, "serve")
	cmd.Env = append(os.Environ(), fmt.Sprintf("PORT=%d", port))
	p.mu.Lock()
	p.running[port] = cmd
	p.mu.Unlock()
	return cmd.Start()
}

func (p *process) stop(_ context.Context, port int) error {
	p.mu.Lock()
	cmd := p.running[port]
	p.mu.Unlock()
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	_ = cmd.Wait() // says that it was killed
	return nil
}

// raw is a transient unit made by hand with go-systemd.
type raw struct {
	conn       *dbus.Conn
	label      string
	properties func(port int) ([]dbus.Property, error)
}

func (r raw) name() string         { return r.label }
func (r raw) parallel() bool       { return r.label == "raw sandbox" || r.label == "bare unit" }
func (r raw) unit(port int) string { return fmt.Sprintf("bench-%d.service", port) }

func (r raw) start(ctx context.Context, port int) error {
	properties, err := r.properties(port)
	if err != nil {
		return err
	}
	result := make(chan string, 1)
	if _, err := r.conn.StartTransientUnitContext(ctx, r.unit(port), "replace", properties, result); err != nil {
		return err
	}
	if s := <-result; s != "done" {
		return fmt.Errorf("job: %s", s)
	}
	return nil
}

func (r raw) stop(ctx context.Context, port int) error {
	result := make(chan string, 1)
	if _, err := r.conn.StopUnitContext(ctx, r.unit(port), "replace", result); err != nil {
		return err
	}
	<-result
	return nil
}

func bare(port int) ([]dbus.Property, error) {
	p, err := units.Properties(spec(port), units.Placement{Port: port}, units.Capabilities{Version: 252})
	if err != nil {
		return nil, err
	}
	var out []dbus.Property
	for _, x := range convert(p) {
		switch x.Name {
		case "ExecStart", "Environment", "Type":
			out = append(out, x)
		}
	}
	return out, nil
}

// sandboxed is the very property set of Manager.Start, but for what ties the unit to us.
func sandboxed(caps units.Capabilities) func(int) ([]dbus.Property, error) {
	return func(port int) ([]dbus.Property, error) {
		p, err := units.Properties(spec(port), units.Placement{Port: port}, caps)
		var out []dbus.Property
		for _, x := range convert(p) {
			if x.Name != "AddRef" {
				out = append(out, x)
			}
		}
		return out, err
	}
}

func convert(in []units.Property) []dbus.Property {
	out := make([]dbus.Property, len(in))
	for i, p := range in {
		out[i] = dbus.Property{Name: p.Name, Value: p.Value}
	}
	return out
}

// managed is ours.
type managed struct{ m *units.Manager }

func (managed) name() string   { return "Manager.Start" }
func (managed) parallel() bool { return true }

func (s managed) start(ctx context.Context, port int) error {
	return s.m.Start(ctx, spec(port), units.Placement{Port: port})
}

func (s managed) stop(ctx context.Context, port int) error {
	return s.m.Stop(ctx, spec(port).UnitName())
}

func spec(port int) units.Spec {
	id := fmt.Sprintf("%08d-0000-4000-8000-000000000000", port)
	return units.Spec{
		Instance: id, Name: fmt.Sprintf("bench-%d", port), Kind: "static", HostName: "bench.test", Release: strings.Repeat("ab", 32),
		Directory: "/usr/lib/nexushub", Exec: []string{self, "serve"}, Network: "port", StartSec: 60, StopSec: 5,
		State: "nexushub-apps/" + id, MemoryMax: 512 << 20, TasksMax: 512,
	}
}

// answers asks until there is a 200.
func answers(ctx context.Context, port int) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	url := fmt.Sprintf("http://127.0.0.1:%d/", port)
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit) && ctx.Err() == nil; time.Sleep(500 * time.Microsecond) {
		resp, err := client.Get(url)
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("port %d does not answer: %w", port, context.Cause(ctx))
}
