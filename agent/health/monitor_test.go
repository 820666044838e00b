package health

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

var web = Check{Type: "http", Run: "1", Interval: 10 * time.Second, Timeout: 3 * time.Second, Failures: 2}

// script answers the probes of one test.
type script struct {
	asked   atomic.Int64
	healthy atomic.Bool
}

func (s *script) ask(context.Context, Check) Outcome {
	s.asked.Add(1)
	if s.healthy.Load() {
		return Outcome{Code: 200}
	}
	return Outcome{Code: 503, Body: "warming up", Err: errors.New("answered 503")}
}

func runMonitor(t *testing.T, s *script) (*Monitor, *atomic.Int64) {
	t.Helper()
	var changes atomic.Int64
	m := NewMonitor(func(string) { changes.Add(1) })
	m.Ask = s.ask
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return m, &changes
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestFastUntilTheFirstSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s script
		m, changes := runMonitor(t, &s)
		m.Watch("u", web)
		pass(time.Second)
		if n := s.asked.Load(); n < 12 || n > 28 {
			t.Errorf("probes in the first second = %d, want 12 to 28", n)
		}
		s.healthy.Store(true)
		pass(lastPause)
		if r, _ := m.Result("u"); r.State != fact.Healthy || changes.Load() != 1 {
			t.Errorf("result = %+v after %d changes, want healthy after 1", r, changes.Load())
		}
		before := s.asked.Load()
		pass(time.Minute)
		if n := s.asked.Load() - before; n < 5 || n > 7 {
			t.Errorf("probes in a healthy minute = %d, want about 6", n)
		}
	})
}

// TestCalm: as long as nothing is wrong it may be asked more seldom, and not for longer.
func TestCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s script
		s.healthy.Store(true)
		m, _ := runMonitor(t, &s)
		c := web
		c.Calm = 30 * time.Second
		m.Watch("u", c)
		pass(time.Second)
		before := s.asked.Load()
		pass(2 * time.Minute)
		if n := s.asked.Load() - before; n < 3 || n > 4 {
			t.Errorf("probes in two calm minutes = %d, want about 4", n)
		}
		s.healthy.Store(false)
		pass(c.Calm*11/10 + web.Interval*11/10 + time.Second)
		if r, _ := m.Result("u"); r.State != fact.Unhealthy {
			t.Errorf("%+v, want to know soon after the first failure", r)
		}
	})
}

func TestThresholdThenRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s script
		s.healthy.Store(true)
		m, changes := runMonitor(t, &s)
		m.Watch("u", web)
		pass(time.Second)
		s.healthy.Store(false)
		pass(11 * time.Second)
		if r, _ := m.Result("u"); r.State != fact.Healthy || r.Failures != 1 {
			t.Errorf("after one failure: %+v, want still healthy", r)
		}
		pass(11 * time.Second)
		r, _ := m.Result("u")
		if r.State != fact.Unhealthy || r.Code != 503 || r.Body != "warming up" || r.Problem == "" {
			t.Errorf("after two failures: %+v, want unhealthy with the evidence", r)
		}
		s.healthy.Store(true)
		pass(11 * time.Second)
		if r, _ := m.Result("u"); r.State != fact.Healthy || r.Problem != "" || changes.Load() != 3 {
			t.Errorf("after recovery: %+v, %d changes; want healthy, 3", r, changes.Load())
		}
	})
}

func TestNewRunStartsFromNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s script
		s.healthy.Store(true)
		m, _ := runMonitor(t, &s)
		m.Watch("u", web)
		pass(time.Second)
		s.healthy.Store(false)
		next := web
		next.Run = "2"
		m.Watch("u", next)
		pass(time.Second)
		if r, _ := m.Result("u"); r.State != fact.Unknown || r.Failures == 0 {
			t.Errorf("after a restart: %+v, want unknown with failures", r)
		}
	})
}

func TestForgetEndsTheProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s script
		m, _ := runMonitor(t, &s)
		m.Watch("u", web)
		m.Watch("u", web)
		m.Forget("u")
		pass(0)
		before := s.asked.Load()
		pass(time.Hour)
		if n := s.asked.Load(); n != before {
			t.Errorf("%d probes after Forget", n-before)
		}
		if _, ok := m.Result("u"); ok {
			t.Error("a forgotten unit has a result")
		}
	})
}
