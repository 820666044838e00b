package proxy

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type checked struct {
	deadline
	passed chan waitState
}

func (c *checked) check() {
	if p, expired := c.expired(); expired {
		c.set(waitNone, 0)
		c.passed <- p
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDeadlineLoop(nil)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go w.Run(ctx)
		c := &checked{passed: make(chan waitState, 1)}
		c.clock = &w.clock
		w.add(c)
		for _, d := range []time.Duration{time.Millisecond, time.Second, time.Minute} {
			begun := time.Now()
			c.set(waitHead, d)
			if p := <-c.passed; p != waitHead {
				t.Error("wait state", p)
			}
			if took := time.Since(begun); took < d || took > d+3*tick {
				t.Errorf("a deadline of %v passed after %v", d, took)
			}
		}
		c.set(waitIdle, 0)
		time.Sleep(time.Hour)
		if len(c.passed) > 0 {
			t.Error("no deadline has passed")
		}
		c.set(waitBody, time.Second)
		w.remove(c)
		time.Sleep(time.Minute)
		if len(c.passed) > 0 {
			t.Error("removed, and still checked")
		}
	})
}

func TestAccessLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &counter{}
		a := newAccessLog(Options{AccessLog: true, AccessLogRate: 10, Log: log.logger()})
		ctx, stop := context.WithCancel(context.Background())
		go a.Run(ctx)
		x := &exchange{req: request{method: "GET", path: "/x", requestURI: "/x?token=geheim"}, status: 200}
		for range 25 {
			a.add(x, time.Millisecond)
		}
		synctest.Wait()
		if n := log.count("request"); n != 10 {
			t.Errorf("%d lines in the first second, want 10", n)
		}
		time.Sleep(1100 * time.Millisecond)
		a.add(x, time.Millisecond)
		stop()
		synctest.Wait()
		if log.count("request") != 11 || log.count("dropped=15") != 1 || log.count("geheim") != 0 {
			t.Errorf("logged:\n%s", log.text())
		}
	})
}
