package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/sdnotify"
)

// notifier also keeps STATUS up to date with what the agent does.
type notifier struct {
	sdnotify.Notifier
	remark *atomic.Pointer[string] // on the last reload
}

func newNotifier(log *slog.Logger) notifier {
	none := ""
	n := notifier{Notifier: sdnotify.Notifier{Log: log}, remark: &atomic.Pointer[string]{}}
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

// run says READY after the first reconcile, keeps STATUS up to date, and feeds the
// watchdog as long as reconciler and D-Bus answer, until ctx ends.
func (n notifier) run(ctx context.Context, a *agent.Agent) error {
	var watchdog sync.WaitGroup
	watchdog.Go(func() { n.Watchdog(ctx, a.Alive) })
	defer watchdog.Wait()
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	ready := a.Ready()
	var sent string
	var at time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ready:
			ready = nil
			n.Ready(n.status(a))
		case now := <-tick.C:
			if state := n.state(ready != nil, a); state != sent || now.Sub(at) >= statusAnyway {
				n.Send(state)
				sent, at = state, now
			}
		}
	}
}

// state is what systemd is told; a start that takes long asks for more time.
func (n notifier) state(starting bool, a *agent.Agent) string {
	if starting {
		return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=starting: %s", extension.Microseconds(), summary(a))
	}
	return "STATUS=" + n.status(a)
}

func (n notifier) status(a *agent.Agent) string {
	if remark := *n.remark.Load(); remark != "" {
		return summary(a) + "; " + remark
	}
	return summary(a)
}

// summary is the line that systemctl status shows.
func summary(a *agent.Agent) string {
	counts := a.States()
	total := 0
	for _, n := range counts {
		total += n
	}
	s := fmt.Sprintf("%d applications, %d running", total, counts[api.StateRunning])
	for _, state := range []api.State{api.StateStarting, api.StateUnhealthy, api.StateBackingOff, api.StateFailed,
		api.StateStopped} {
		if counts[state] > 0 {
			s += fmt.Sprintf(", %d %s", counts[state], state)
		}
	}
	return s
}
