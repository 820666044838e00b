// Package sdnotify tells systemd how a daemon is (sd_notify(3)): ready, reloading, stopping,
// alive. Without systemd it is silent.
package sdnotify

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Notifier sends on the socket that systemd gave to this process.
type Notifier struct{ Log *slog.Logger }

// Send sends assignments, one a line, as sd_notify(3) lists them.
func (n Notifier) Send(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.Log.Warn("sd_notify failed", "error", err)
	}
}

// Ready ends a start or a reload. An empty status leaves STATUS= as it is.
func (n Notifier) Ready(status string) { n.Send(daemon.SdNotifyReady + assignment(status)) }

// Status sets what systemctl status shows.
func (n Notifier) Status(status string) { n.Send("STATUS=" + status) }

// Stopping returns a context that ends after ctx, once systemd has been told.
func (n Notifier) Stopping(ctx context.Context, status string) context.Context {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		n.Send(daemon.SdNotifyStopping + assignment(status))
		cancel()
	})
	return out
}

// Reloads calls reload at every SIGHUP (systemctl reload) until ctx ends; what it returns
// becomes the status. It sends the time that Type=notify-reload insists on (253 and later).
func (n Notifier) Reloads(ctx context.Context, reload func() (status string)) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	n.reloads(ctx, hup, reload)
}

func (n Notifier) reloads(ctx context.Context, hup <-chan os.Signal, reload func() (status string)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			n.Send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
			n.Ready(reload())
		}
	}
}

// Watchdog pings three times in the interval that systemd asks for, as long as alive proves
// within a third of it that the daemon makes progress. It returns when ctx ends.
func (n Notifier) Watchdog(ctx context.Context, alive func(context.Context) error) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		n.Log.Warn("no watchdog: systemd's request cannot be read", "error", err)
	}
	if interval <= 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(interval / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.ping(ctx, interval/3, alive)
		}
	}
}

func (n Notifier) ping(parent context.Context, limit time.Duration, alive func(context.Context) error) {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	switch err := alive(ctx); {
	case err == nil:
		n.Send(daemon.SdNotifyWatchdog)
	case parent.Err() == nil:
		n.Log.Error("watchdog ping withheld: the daemon makes no progress", "error", err)
	}
}

func assignment(status string) string {
	if status == "" {
		return ""
	}
	return "\nSTATUS=" + status
}
