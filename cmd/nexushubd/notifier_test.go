package main

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// What systemd hears of a whole life: more time while it starts, ready, stopping.
func TestSystemdIsNotified(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	d := runDaemon(t, folder(t, ""), nil)
	next := func(want string) {
		t.Helper()
		buffer := make([]byte, 4096)
		for {
			n, err := systemd.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(buffer[:n]); !strings.HasPrefix(got, "EXTEND_TIMEOUT") && !strings.HasPrefix(got, "STATUS=") {
				if !strings.HasPrefix(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
				return
			}
		}
	}
	next("READY=1\nSTATUS=0 applications, 0 running")
	d.stop()
	next("STOPPING=1\nSTATUS=")

	n := newNotifier(slog.New(slog.DiscardHandler))
	if got := n.state(true, d.agent); got != "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=starting: 0 applications, 0 running" {
		t.Errorf("a slow start sends %q", got)
	}
	remark := "something is left to do"
	n.remark.Store(&remark)
	if got := n.state(false, d.agent); got != "STATUS=0 applications, 0 running; something is left to do" {
		t.Errorf("the remark on a reload does not stay: %q", got)
	}
}
