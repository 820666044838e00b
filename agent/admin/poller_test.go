package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("connection refused")

// service plays the admin service and writes down when it was asked.
type service struct {
	down  atomic.Bool
	event atomic.Int64
	hold  time.Duration
	lists []time.Time
	polls []time.Time
}

func (s *service) Applications(context.Context) (List, error) {
	s.lists = append(s.lists, time.Now())
	if s.down.Load() {
		return List{}, errDown
	}
	return List{Applications: []Application{{InstanceID: "x"}}}, nil
}

func (s *service) Poll(ctx context.Context, event int64) (int64, bool, error) {
	s.polls = append(s.polls, time.Now())
	if s.down.Load() {
		return event, false, errDown
	}
	if s.hold > 0 && event >= s.event.Load() {
		sleep(ctx, s.hold)
	}
	return max(event, s.event.Load()), s.event.Load() > event, nil
}

type played struct {
	*service
	delivered int
	accept    bool
	last      error
}

func play(t *testing.T, f func(t *testing.T, p *played)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &played{service: &service{}, accept: true}
		f(t, p)
	})
}

// run starts the poller and lets d pass.
func (p *played) run(t *testing.T, d time.Duration) {
	t.Helper()
	poller := &Poller{
		Service: p.service, Interval: 5 * time.Second, Log: slog.New(slog.DiscardHandler),
		Deliver: func(List) bool { p.delivered++; return p.accept },
		Report:  func(err error) { p.last = err },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- poller.Run(ctx) }()
	time.Sleep(d)
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFirstFetchThenPollsOnly(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.run(t, 61*time.Second)
		if p.delivered != 1 || len(p.polls) < 11 || len(p.polls) > 13 {
			t.Errorf("%d lists, %d polls in a minute; want 1 and about 12", p.delivered, len(p.polls))
		}
	})
}

func TestNewsFetchesOnce(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		time.AfterFunc(20*time.Second, func() { p.event.Store(7) })
		p.run(t, time.Minute)
		if p.delivered != 2 {
			t.Errorf("%d lists, want the first and one for the news", p.delivered)
		}
	})
}

func TestFirstFetchIsTriedFiveTimesWithGrowingPauses(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.down.Store(true)
		p.run(t, 30500*time.Millisecond)
		if len(p.lists) != 5 {
			t.Fatalf("%d tries, want 5", len(p.lists))
		}
		for n, want := range []time.Duration{2, 4, 8, 16} {
			if got := p.lists[n+1].Sub(p.lists[n]); got != want*time.Second {
				t.Errorf("pause %d = %v, want %v", n+1, got, want*time.Second)
			}
		}
	})
}

func TestTenErrorsSlowItDown(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.down.Store(true)
		p.run(t, 5*time.Minute)
		n := len(p.polls)
		if got := p.polls[n-1].Sub(p.polls[n-2]); got != 15*time.Second {
			t.Errorf("pause after many errors = %v, want 15 s", got)
		}
		if got := p.polls[1].Sub(p.polls[0]); got != 5*time.Second {
			t.Errorf("pause at first = %v, want 5 s", got)
		}
	})
}

func TestAfterAnOutageTheListIsFetched(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.down.Store(true)
		time.AfterFunc(3*time.Minute, func() { p.down.Store(false) })
		p.run(t, 4*time.Minute)
		if p.delivered != 1 || p.last != nil {
			t.Errorf("%d lists, last error %v; want 1 and none", p.delivered, p.last)
		}
	})
}

func TestHeldAnswerIsFollowedAtOnce(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.hold = 25 * time.Second
		time.AfterFunc(60*time.Second, func() { p.event.Store(1) })
		p.run(t, 100*time.Second)
		if got := p.polls[1].Sub(p.polls[0]); got != 25*time.Second {
			t.Errorf("poll after a held one came %v later, want 25 s: at once", got)
		}
	})
}

func TestRefusedListIsFetchedAgain(t *testing.T) {
	play(t, func(t *testing.T, p *played) {
		p.accept = false
		p.run(t, 21*time.Second)
		if p.delivered < 4 {
			t.Errorf("%d deliveries, want one at every poll until it is taken", p.delivered)
		}
	})
}
