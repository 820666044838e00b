package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifier tells systemd how the proxy is (sd_notify(3)); without systemd it is silent.
type notifier struct{ log *slog.Logger }

func (n notifier) send(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.log.Warn("sd_notify failed", "error", err)
	}
}

func (n notifier) ready() { n.send(daemon.SdNotifyReady + "\nSTATUS=serving") }

// stopping returns ctx and announces its end before anybody else acts on it.
func (n notifier) stopping(ctx context.Context) context.Context {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		n.send(daemon.SdNotifyStopping + "\nSTATUS=finishing requests in flight")
		cancel()
	})
	return out
}

// reloads calls reload on every SIGHUP (systemctl reload).
func (n notifier) reloads(ctx context.Context, reload func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			n.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
			reload()
			n.ready()
		}
	}
}

// watchdog pings as long as the proxy proves to be alive.
func (n notifier) watchdog(ctx context.Context, alive func(context.Context) error) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return
	}
	t := time.NewTicker(interval / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := alive(ctx); err == nil {
				n.send(daemon.SdNotifyWatchdog)
			} else if ctx.Err() == nil {
				n.log.Error("no watchdog ping", "error", err)
			}
		}
	}
}
