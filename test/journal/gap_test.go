package journal

import (
	"context"
	"errors"
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
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		a := boot(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		old := a.log(t, url.Values{"lines": {"1"}})[0].ID
		a.suppress(ctx, t)
		a.vacuum(ctx, t, old)
	})
}

// limitRate tells journald how many lines it takes in an interval.
func (a *talker) limitRate(t *testing.T, interval string, burst int) {
	t.Helper()
	conf := fmt.Sprintf("[Journal]\nRateLimitIntervalSec=%s\nRateLimitBurst=%d\n", interval, burst)
	a.Must(t, "mkdir", "-p", "/etc/systemd/journald.conf.d")
	a.Write(t, "/etc/systemd/journald.conf.d/rate.conf", conf)
	a.Must(t, "systemctl", "restart", "systemd-journald")
}

func (a *talker) suppress(ctx context.Context, t *testing.T) {
	t.Helper()
	a.limitRate(t, "2s", 100)
	a.deploy(t, "2") // systemd 252 does not limit streams that are older than its journald
	dropped := make(chan int64, 1)
	go func() {
		defer close(dropped)
		if g := a.gap(ctx, ""); g != nil && g.Reason == "suppressed" {
			dropped <- g.Dropped
		}
	}()
	a.ask(t, "/lines?from=0&to=5000&rate=100000", "")
	var got int64
	lab.Eventually(t, "the log reports the gap", func() error {
		a.ask(t, "/lines?from=0&to=1&rate=1", "") // the notice comes with the next line that passes
		select {
		case got = <-dropped:
			return nil
		case <-time.After(200 * time.Millisecond):
			return errors.New("the log has no gap")
		}
	})
	if got < 1000 || got > 5000 {
		t.Errorf("%d lines are said to be suppressed", got)
	}
}

// gap follows until one comes.
func (a *talker) gap(ctx context.Context, after string) *api.LogGap {
	for e, err := range a.API().Logs(ctx, a.id, url.Values{"follow": {"1"}, "lines": {"0"}}, after) {
		if err != nil {
			return nil
		}
		if e.Gap != nil {
			return e.Gap
		}
	}
	return nil
}

func (a *talker) vacuum(ctx context.Context, t *testing.T, old string) {
	t.Helper()
	a.Must(t, "journalctl", "--rotate")
	a.Must(t, "journalctl", "--vacuum-time=1us")
	a.Must(t, "systemctl", "restart", "nexushubd") // its memory would bridge the gap
	if g := a.gap(ctx, old); g == nil || g.Reason != "vacuumed" {
		t.Errorf("behind a deleted entry comes %+v", g)
	}
}
