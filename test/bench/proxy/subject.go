package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// subject is one proxy under test.
type subject struct {
	name    string
	version string
	port    int
	*process
}

func (s *subject) url() string { return fmt.Sprintf("https://%s:%d%s", host, s.port, requestPath) }

// place is what configuration templates may name.
type place struct {
	Dir, Crt, Key, Both, Host, Body string
	Port, Upstream                  int
}

// manyTargets is how many addresses the upstream has.
const manyTargets = 8

// Targets are the upstream's addresses. It answers at all of them alike.
func (p place) Targets() (list []string) {
	for i := range manyTargets {
		list = append(list, fmt.Sprintf("127.0.0.%d:%d", i+1, p.Upstream))
	}
	return list
}

// write fills a template into dir/name.
func (p place) write(name, text string) (string, error) {
	var b bytes.Buffer
	if err := template.Must(template.New(name).Parse(text)).Execute(&b, p); err != nil {
		return "", err
	}
	path := filepath.Join(p.Dir, name)
	return path, os.WriteFile(path, b.Bytes(), 0o644)
}

// freePort is free now, and so most likely still when the program takes it.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// waitFor returns once the port accepts connections.
func waitFor(ctx context.Context, p *process, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		if died := p.died(); died != nil {
			return died
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on port %d: %w", p.cmd.Path, port, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// check makes sure that all subjects answer the same over the same TLS.
func (s *subject) check(ctx context.Context, cert *certificate) error {
	d := tls.Dialer{Config: &tls.Config{RootCAs: cert.pool, ServerName: host}}
	c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer c.Close()
	if v := c.(*tls.Conn).ConnectionState().Version; v != tls.VersionTLS13 {
		return fmt.Errorf("%s speaks %s", s.name, tls.VersionName(v))
	}
	got, err := get(c)
	if err != nil || got != bodySize {
		return fmt.Errorf("%s answered %d bytes, %w", s.name, got, err)
	}
	return nil
}

// firstLine is what a program says about its version.
func firstLine(ctx context.Context, program string, args ...string) string {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return program + ": version unknown"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}
