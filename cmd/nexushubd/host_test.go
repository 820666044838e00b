package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/units/fake"
)

func TestInternalSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "internal-secret")
	first, err := internalSecret(path)
	if err != nil || uuid.Validate(first) != nil {
		t.Fatal(first, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := internalSecret(path)
	if err != nil || again != first {
		t.Errorf("a restart changed it: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info, err)
	}
	if err := os.WriteFile(path, []byte("guess\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := internalSecret(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want the file's name", err)
	}
}

func TestProxyPorts(t *testing.T) {
	for _, c := range []struct {
		listens, added []string
		want           agent.ProxyPorts
		warns          bool
	}{
		{[]string{"[::]:9443"}, nil, agent.ProxyPorts{Guests: 9443, URLs: 9443}, false},
		{[]string{"[::]:9443"}, []string{"[::]:443"}, agent.ProxyPorts{Guests: 9443, URLs: 443}, false},
		{[]string{"/run/x.sock", "127.0.0.1:443", "[::]:9443"}, nil, agent.ProxyPorts{Guests: 443, URLs: 443}, false},
		{[]string{"[::]:8443", "[::]:443"}, nil, agent.ProxyPorts{Guests: 8443, URLs: 443}, false},
		{[]string{"/run/x.sock"}, nil, agent.ProxyPorts{Guests: 8443, URLs: 8443}, true},
		{nil, nil, agent.ProxyPorts{Guests: 8443, URLs: 8443}, true}, // no such unit
	} {
		var log bytes.Buffer
		got := proxyPorts(t.Context(), fakeSystemd{fake.New(), c.listens, c.added}, slog.New(slog.NewTextHandler(&log, nil)))
		if got != c.want || c.warns != (log.Len() > 0) {
			t.Errorf("%v: %v, want %v; log %q", c.listens, got, c.want, log.String())
		}
	}
}

func TestUserID(t *testing.T) {
	if id, err := userID("root"); id != 0 || err != nil {
		t.Error(id, err)
	}
	if _, err := userID("no-such-user"); err == nil || !strings.Contains(err.Error(), "systemd-sysusers") {
		t.Errorf("%v, want what to do", err)
	}
}
