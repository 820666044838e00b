package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder is a configuration whose state lies inside it.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	text = "state_dir = \"" + dir + "\"\nrun_dir = \"" + dir + "\"\n" + text
	if err := os.WriteFile(filepath.Join(dir, "nexushub.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRefusesToStart(t *testing.T) {
	taken := folder(t, "")
	other, err := acquire(filepath.Join(taken, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.release()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	user := func(h *host) { h.root = false }
	noBus := func(h *host) {
		h.systemd = func(context.Context, *slog.Logger) (systemd, error) { return nil, errors.New("connection refused") }
	}
	noSockets := func(h *host) {
		h.sockets = func(...string) (map[string]net.Listener, error) { return nil, errors.New("no socket named") }
	}
	noUser := func(h *host) {
		h.userID = func(string) (uint32, error) { return 0, errors.New("no user _nexushub-proxy") }
	}
	for _, c := range []struct {
		name   string
		args   []string
		change func(*host)
		want   []string // parts of the one error
	}{
		{"unknown flag", []string{"--verify"}, nil, []string{"-verify"}},
		{"argument", []string{"start"}, nil, []string{`unexpected argument "start"`}},
		{"not root", []string{"--config", folder(t, "")}, user, []string{"root", "systemctl start nexushubd"}},
		{"no configuration", []string{"--config", t.TempDir()}, nil, []string{"nexushub verify", "nexushub.toml"}},
		{"every fault", []string{"--config", folder(t, "nonsense = 1\nlog_level = \"loud\"\n")}, nil,
			[]string{"nexushub verify", "nexushub.toml:3", "nonsense", "nexushub.toml:4", "loud"}},
		{"second agent", []string{"--config", taken}, nil, []string{"another nexushubd", taken}},
		{"no sockets", []string{"--config", folder(t, "")}, noSockets, []string{"no socket named"}},
		{"no bus", []string{"--config", folder(t, "")}, noBus,
			[]string{"D-Bus", "systemctl status dbus", "connection refused"}},
		{"no user of the proxy", []string{"--config", folder(t, "")}, noUser, []string{"no user _nexushub-proxy"}},
		{"metrics address", []string{"--config", folder(t, "[metrics]\nlisten = \""+busy.Addr().String()+"\"\n")}, nil,
			[]string{busy.Addr().String(), "[metrics] listen"}},
		{"stop without a bus", []string{"--stop-applications"}, noBus, []string{"D-Bus", "connection refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := fakeHost(t, nil)
			if c.change != nil {
				c.change(&h)
			}
			var out bytes.Buffer
			err := run(t.Context(), h, c.args, &out, &out)
			if err == nil {
				t.Fatal("it started, and ended well")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// What failed to start leaves nothing in the way of the next try.
func TestStartsAfterAFailedStart(t *testing.T) {
	dir := folder(t, "")
	h := fakeHost(t, nil)
	works := h.userID
	h.userID = func(string) (uint32, error) { return 0, errors.New("not yet") }
	var out bytes.Buffer
	if err := run(t.Context(), h, []string{"--config", dir}, &out, &out); err == nil {
		t.Fatal("started")
	}
	h.userID = works
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, h, []string{"--config", dir}, &out, &out); err != nil {
		t.Error(err)
	}
}

func TestVersionAndHelp(t *testing.T) {
	var out, errs bytes.Buffer
	err := run(t.Context(), host{}, []string{"--version"}, &out, &errs)
	if err != nil || !strings.HasPrefix(out.String(), "nexushubd ") || errs.Len() > 0 {
		t.Errorf("%q, %q, %v", out.String(), errs.String(), err)
	}
	out.Reset()
	if err := run(t.Context(), host{}, []string{"--help"}, &out, &errs); err != nil {
		t.Error(err)
	}
	for _, flag := range []string{"-config", "-stop-applications", "-version"} {
		if !strings.Contains(errs.String(), flag) {
			t.Errorf("help does not tell of %s: %s", flag, errs.String())
		}
	}
}
