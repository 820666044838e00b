package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/nexushub/nexushub/units"
)

const self = "/srv/bench/bin/app"

// starter is one way to start an application that listens on a port.
type starter interface {
	name() string
	parallel() bool // takes part in the cold start
	start(ctx context.Context, port int) error
	url(port int) string // where it answers
	held() bool          // requests wait there until it does
	stop(ctx context.Context, port int) error
}

func starters(m *units.Manager) ([]starter, error) {
	conn, err := dbus.NewSystemConnectionContext(context.Background())
	if err != nil {
		return nil, err
	}
	caps := m.Capabilities()
	cat := caps
	cat.ExecHelper = "/usr/bin/systemd-cat"
	return []starter{
		&process{running: map[int]*exec.Cmd{}},
		raw{conn: conn, label: "bare unit", properties: bare},
		raw{conn: conn, label: "raw sandbox", properties: sandboxed(without(caps))},
		raw{conn: conn, label: "raw sandbox, systemd-cat", properties: sandboxed(cat)},
		managed{m},
	}, nil
}

// without leaves the helper out: whoever makes a unit by hand has none.
func without(caps units.Capabilities) units.Capabilities {
	caps.ExecHelper = ""
	return caps
}

// rawSandbox asks what the host can as the agent does, and nothing else of ours.
func rawSandbox(ctx context.Context, conn *dbus.Conn) (starter, error) {
	m, err := units.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return raw{conn: conn, label: "raw sandbox", properties: sandboxed(without(m.Capabilities()))}, nil
}

// process is fork and exec.
type process struct {
	mu      sync.Mutex
	running map[int]*exec.Cmd
}

func (*process) name() string        { return "fork+exec" }
func (*process) parallel() bool      { return false }
func (*process) held() bool          { return false }
func (*process) url(port int) string { return direct(port) }

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
func (r raw) held() bool           { return false }
func (r raw) url(port int) string  { return direct(port) }
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

func (managed) name() string        { return "Manager.Start" }
func (managed) parallel() bool      { return true }
func (managed) held() bool          { return false }
func (managed) url(port int) string { return direct(port) }

func (s managed) start(ctx context.Context, port int) error {
	return s.m.Start(ctx, spec(port), units.Placement{Port: port})
}

func (s managed) stop(ctx context.Context, port int) error {
	return s.m.Stop(ctx, spec(port).UnitName())
}

func spec(port int) units.Spec {
	id := fmt.Sprintf("%08d-0000-4000-8000-000000000000", port)
	return units.Spec{
		Instance: id, Name: fmt.Sprintf("bench-%d", port), Kind: "static", HostName: "bench.test",
		Release:   strings.Repeat("ab", 32),
		Directory: "/srv/bench", Exec: []string{self, "serve"}, Network: "port", StartSec: 60, StopSec: 5,
		State: "nexushub-apps/" + id, MemoryMax: 512 << 20, TasksMax: 512,
	}
}

func direct(port int) string { return fmt.Sprintf("http://127.0.0.1:%d/", port) }

// client reaches every host name in this machine; who answers is not in question here.
var client = http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
	DisableKeepAlives: true,
	TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	},
}}

// answers asks until there is a 200.
func answers(ctx context.Context, url string) error {
	limit := time.Now().Add(2 * time.Minute)
	for ; time.Now().Before(limit) && ctx.Err() == nil; time.Sleep(500 * time.Microsecond) {
		resp, err := client.Get(url)
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("%s does not answer: %v", url, context.Cause(ctx))
}
