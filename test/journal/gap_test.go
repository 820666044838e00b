package journal

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// What the journal does not store because of its rate limit, and what it has deleted,
// is a gap for those who follow and for those who come back.
func TestGaps(t *testing.T) {
	for _, suite := range lab.Suites {
		t.Run(string(suite), func(t *testing.T) {
			a := boot(t, suite)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			old := a.log(url.Values{"lines": {"1"}})[0].ID
			a.suppress(ctx)
			a.vacuum(ctx, old)
		})
	}
}

// limitRate tells journald how many lines it takes in an interval.
func (a *talker) limitRate(interval string, burst int) {
	a.t.Helper()
	conf := fmt.Sprintf("[Journal]\nRateLimitIntervalSec=%s\nRateLimitBurst=%d\n", interval, burst)
	a.m.Must(a.t, "mkdir", "-p", "/etc/systemd/journald.conf.d")
	if err := a.m.WriteFile(a.t.Context(), "/etc/systemd/journald.conf.d/rate.conf", []byte(conf), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.m.Must(a.t, "systemctl", "restart", "systemd-journald")
}

func (a *talker) suppress(ctx context.Context) {
	a.t.Helper()
	a.limitRate("2s", 100)
	a.deploy("2") // systemd 252 does not limit streams that are older than its journald
	dropped := make(chan int64, 1)
	go func() {
		defer close(dropped)
		if g := a.gap(ctx, ""); g != nil && g.Reason == "suppressed" {
			dropped <- g.Dropped
		}
	}()
	a.ask("/lines?from=0&to=5000&rate=100000", "")
	var got int64
	a.until("the gap is reported", func() bool {
		a.ask("/lines?from=0&to=1&rate=1", "") // the notice comes with the next line that passes
		select {
		case got = <-dropped:
			return true
		case <-time.After(200 * time.Millisecond):
			return false
		}
	})
	if got < 1000 || got > 5000 {
		a.t.Errorf("%d lines are said to be suppressed", got)
	}
}

// gap follows until one comes.
func (a *talker) gap(ctx context.Context, after string) *api.LogGap {
	for e, err := range a.client().Logs(ctx, a.id, url.Values{"follow": {"1"}, "lines": {"0"}}, after) {
		if err != nil {
			return nil
		}
		if e.Gap != nil {
			return e.Gap
		}
	}
	return nil
}

func (a *talker) vacuum(ctx context.Context, old string) {
	a.t.Helper()
	a.m.Must(a.t, "journalctl", "--rotate")
	a.m.Must(a.t, "journalctl", "--vacuum-time=1us")
	a.m.Must(a.t, "systemctl", "restart", "nexushubd") // its memory would bridge the gap
	if g := a.gap(ctx, old); g == nil || g.Reason != "vacuumed" {
		a.t.Errorf("behind a deleted entry comes %+v", g)
	}
}
