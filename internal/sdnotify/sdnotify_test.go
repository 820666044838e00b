package sdnotify

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// socket plays systemd's side; next is what it is sent.
func socket(t *testing.T) (next func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		buffer := make([]byte, 4096)
		n, err := c.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadyAndStopping(t *testing.T) {
	next := socket(t)
	n := Notifier{slog.New(slog.DiscardHandler)}
	n.Ready("serving")
	want(t, next(), "READY=1\nSTATUS=serving")
	n.Ready("")
	want(t, next(), "READY=1")
	ctx, cancel := context.WithCancel(t.Context())
	stopping := n.Stopping(ctx, "finishing")
	if stopping.Err() != nil {
		t.Error("stopped at once")
	}
	cancel()
	<-stopping.Done()
	want(t, next(), "STOPPING=1\nSTATUS=finishing")
}

func TestReloads(t *testing.T) {
	next := socket(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	hup := make(chan os.Signal, 1)
	go func() {
		defer close(done)
		Notifier{slog.New(slog.DiscardHandler)}.reloads(ctx, hup, func() string { return "half of it" })
	}()
	hup <- syscall.SIGHUP
	if got := next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("got %q", got)
	}
	want(t, next(), "READY=1\nSTATUS=half of it")
	cancel()
	<-done
}

func TestTheWatchdogIsFedWhileTheDaemonIsAlive(t *testing.T) {
	next := socket(t)
	t.Setenv("WATCHDOG_USEC", "30000")
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	asked := 0
	go func() {
		defer close(done)
		Notifier{slog.New(slog.NewTextHandler(&log, nil))}.Watchdog(ctx, func(context.Context) error {
			if asked++; asked == 1 {
				return errors.New("stuck")
			}
			return nil
		})
	}()
	want(t, next(), "WATCHDOG=1")
	cancel()
	<-done
	if !strings.Contains(log.String(), "error=stuck") {
		t.Errorf("log: %s", &log)
	}
}

func TestNoWatchdogLastsUntilTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	Notifier{slog.New(slog.DiscardHandler)}.Watchdog(ctx, nil)
}
