package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/api"
)

// notifier tells systemd how the daemon is (sd_notify(3)); without systemd it is silent.
type notifier struct {
	log    *slog.Logger
	remark *atomic.Pointer[string] // on the last reload
}

func newNotifier(log *slog.Logger) notifier {
	none := ""
	n := notifier{log: log, remark: &atomic.Pointer[string]{}}
	n.remark.Store(&none)
	return n
}

const (
	// statusEvery is how often STATUS may change; statusAnyway, how often it is sent without.
	statusEvery  = time.Second
	statusAnyway = 10 * time.Second
	// extension is by how much a slow start asks for more time, well before it is due.
	extension = 3 * statusAnyway
)

func (n notifier) send(state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		n.log.Warn("sd_notify failed", "error", err)
	}
}

// stopping returns a context that ends after ctx, once systemd has been told.
func (n notifier) stopping(ctx context.Context) context.Context {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		n.send(sd.SdNotifyStopping + "\nSTATUS=finishing the task in hand; applications run on")
		cancel()
	})
	return out
}

// reloading carries the time that Type=notify-reload insists on (253 and later).
func (n notifier) reloading() {
	n.send(sd.SdNotifyReloading + "\n" + sd.SdNotifyMonotonicUsec())
}

// reloaded says so, with a remark that stays in STATUS until the next reload.
func (n notifier) reloaded(remark string) {
	n.remark.Store(&remark)
	if remark != "" {
		remark = "\nSTATUS=" + remark
	}
	n.send(sd.SdNotifyReady + remark)
}

// run says READY after the first reconcile, keeps STATUS up to date, and feeds the
// watchdog as long as reconciler and D-Bus answer.
func (n notifier) run(ctx context.Context, a *agent.Agent) error {
	interval, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		n.log.Warn("watchdog", "error", err)
	}
	ping := ticker(interval / 3)
	status := time.NewTicker(statusEvery)
	defer status.Stop()
	ready := a.Ready()
	var sent string
	var at time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ready:
			ready, sent = nil, n.word(false, a)
			n.send(sd.SdNotifyReady + "\n" + sent)
		case now := <-status.C:
			if word := n.word(ready != nil, a); word != sent || now.Sub(at) >= statusAnyway {
				n.send(word)
				sent, at = word, now
			}
		case <-ping:
			n.feed(ctx, a, interval)
		}
	}
}

func (n notifier) word(starting bool, a *agent.Agent) string {
	if starting {
		return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=starting: %s", extension.Microseconds(), summary(a))
	}
	if remark := *n.remark.Load(); remark != "" {
		return "STATUS=" + summary(a) + "; " + remark
	}
	return "STATUS=" + summary(a)
}

func (n notifier) feed(ctx context.Context, a *agent.Agent, interval time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, interval/3)
	defer cancel()
	if err := a.Alive(ctx); err != nil {
		n.log.Error("no watchdog ping: the reconciler or systemd does not answer", "error", err)
		return
	}
	n.send(sd.SdNotifyWatchdog)
}

// summary is the line that systemctl status shows.
func summary(a *agent.Agent) string {
	counts := a.States()
	total := 0
	for _, n := range counts {
		total += n
	}
	s := fmt.Sprintf("%d applications, %d running", total, counts[api.StateRunning])
	for _, state := range []api.State{api.StateStarting, api.StateUnhealthy, api.StateBackingOff, api.StateFailed, api.StateStopped} {
		if counts[state] > 0 {
			s += fmt.Sprintf(", %d %s", counts[state], state)
		}
	}
	return s
}

// ticker ticks never for an interval of zero.
func ticker(interval time.Duration) <-chan time.Time {
	if interval <= 0 {
		return nil
	}
	return time.NewTicker(interval).C
}
