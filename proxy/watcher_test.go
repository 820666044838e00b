package proxy

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type lookout struct {
	watch
	expired chan posture
}

func (l *lookout) check() {
	if p, expired := l.look(); expired {
		l.set(postureBusy, 0)
		l.expired <- p
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(nil)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go w.Run(ctx)
		l := &lookout{expired: make(chan posture, 1)}
		l.clock = &w.clock
		w.add(l)
		for _, d := range []time.Duration{time.Millisecond, time.Second, time.Minute} {
			begun := time.Now()
			l.set(postureHead, d)
			if p := <-l.expired; p != postureHead {
				t.Error("posture", p)
			}
			if took := time.Since(begun); took < d || took > d+3*tick {
				t.Errorf("a deadline of %v passed after %v", d, took)
			}
		}
		l.set(postureIdle, 0)
		time.Sleep(time.Hour)
		if len(l.expired) > 0 {
			t.Error("no deadline has passed")
		}
		l.set(postureBody, time.Second)
		w.remove(l)
		time.Sleep(time.Minute)
		if len(l.expired) > 0 {
			t.Error("removed, and still watched")
		}
	})
}

func TestAccessLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &counter{}
		a := newAccessLog(Options{AccessLog: true, AccessLogRate: 10, Log: log.logger()})
		ctx, stop := context.WithCancel(context.Background())
		go a.Run(ctx)
		x := &exchange{req: request{method: "GET", path: "/x", target: "/x?token=geheim"}, status: 200}
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
