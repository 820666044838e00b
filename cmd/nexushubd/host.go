package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/internal/atomicfile"
)

// These units know where the proxy listens. Operators enable the second.
const (
	proxySocket = "nexushub-proxy.socket"
	httpsSocket = "nexushub-proxy-https.socket"
)

// sockets takes the named sockets over from PID 1. All must be there: a missing one would
// be noticed only by clients that cannot connect.
func sockets(names ...string) (map[string]net.Listener, error) {
	given, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("sockets from systemd: %w", err)
	}
	out := map[string]net.Listener{}
	for _, name := range names {
		for _, l := range given[name] {
			if l != nil {
				out[name] = l
			}
		}
		if out[name] == nil {
			return nil, fmt.Errorf("systemd passed no socket named %q: run systemctl start nexushubd.socket nexushubd-debug.socket, then systemctl start nexushubd", name)
		}
	}
	return out, nil
}

// internalSecret is made once and kept while the host is up.
func internalSecret(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		id, err := uuid.ParseBytes([]byte(strings.TrimSpace(string(raw))))
		if err != nil {
			return "", fmt.Errorf("%s does not hold a UUID: remove it and restart all applications: %w", path, err)
		}
		return id.String(), os.Chmod(path, 0o600)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("internal secret: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("internal secret: %w", err)
	}
	secret := uuid.NewString()
	return secret, atomicfile.Write(path, []byte(secret+"\n"), 0o600)
}

// listenAddresses asks PID 1 where a socket unit is to listen, and whether it does.
type listenAddresses interface {
	ListenAddresses(ctx context.Context, socketUnit string) (list []string, active bool, err error)
}

// proxyPorts are where the proxy listens. URLs name 443 where there is more than one.
func proxyPorts(ctx context.Context, m listenAddresses, log *slog.Logger) agent.ProxyPorts {
	own, _, err := m.ListenAddresses(ctx, proxySocket)
	ports := portsOf(own)
	if len(ports) == 0 {
		log.Warn("cannot find out the proxy's port, assuming 8443", "socket", proxySocket, "error", err)
		ports = []int{8443}
	}
	if added, active, err := m.ListenAddresses(ctx, httpsSocket); err == nil && active {
		ports = append(ports, portsOf(added)...)
	}
	p := agent.ProxyPorts{Guests: ports[0], URLs: ports[0]}
	if slices.Contains(ports, 443) {
		p.URLs = 443
	}
	return p
}

func portsOf(addresses []string) (ports []int) {
	for _, a := range addresses {
		_, port, err := net.SplitHostPort(a)
		if n, err2 := strconv.Atoi(port); err == nil && err2 == nil {
			ports = append(ports, n)
		}
	}
	return ports
}

func bootID() string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(raw))
}

func userID(name string) (uint32, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, fmt.Errorf("no user %s: run systemd-sysusers, or install the package again: %w", name, err)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	return uint32(id), err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
