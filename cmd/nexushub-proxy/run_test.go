package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// folder is a configuration, with everything that the daemon writes inside it.
func folder(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	text := "[proxy]\ncert_dir = \"" + dir + "/certs\"\nstate_dir = \"" + dir + "\"\n" + more
	if err := os.WriteFile(filepath.Join(dir, "nexushub.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFaultsAreOneClearLine(t *testing.T) {
	good := folder(t, "")
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"no sockets", []string{"--config", good}, "nexushub-proxy.socket"},
		{"no configuration", []string{"--config", t.TempDir()}, "nexushub.toml"},
		{"bad trusted proxy", []string{"--config", folder(t, "trusted_proxies = [\"here\"]\n"), "--listen",
			"127.0.0.1:0"}, "trusted_proxies"},
		{"unknown key", []string{"--config", folder(t, "hold_time = \"1s\"\n"), "--listen", "127.0.0.1:0"},
			"hold_time"},
		{"busy address", []string{"--config", good, "--listen", "192.0.2.1:1"}, "192.0.2.1:1"},
		{"argument", []string{"start"}, `"start"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), c.args, &out, &out)
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(strings.TrimSpace(err.Error()), "\n") {
				t.Errorf("%v, want one line with %s", err, c.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, &out); err != nil ||
		!strings.HasPrefix(out.String(), "nexushub-proxy ") {
		t.Error(out.String(), err)
	}
}

func TestServesUntilItIsTold(t *testing.T) {
	dir := folder(t, "access_log = false\n")
	control := filepath.Join(dir, "control.sock")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	var log bytes.Buffer
	go func() {
		done <- run(ctx, []string{"--config", dir, "--listen", "127.0.0.1:0", "--control", control, "--run-dir", dir},
			&log, &log)
	}()
	c := proxyctl.NewClient(control)
	deadline := time.Now().Add(10 * time.Second)
	for {
		s, err := c.Status(ctx)
		if err == nil {
			if len(s.Listeners) != 2 || s.CACert != filepath.Join(dir, "ca", "root.crt") {
				t.Errorf("%+v", s)
			}
			break
		}
		select {
		case err := <-done:
			t.Fatal("ended: ", err)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "update-ca-certificates") {
		t.Error("the log does not say how to trust the local CA:\n", log.String())
	}
}
