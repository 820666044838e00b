package proxy

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// accessLog writes a line per request, at most so many a second, from a goroutine of
// its own: a journal that is slow must not slow requests down. What is dropped is
// counted and logged.
type accessLog struct {
	on      bool
	rate    int64
	log     *slog.Logger
	lines   chan logLine
	budget  atomic.Int64
	dropped atomic.Int64
}

// logLine is what the log says about one request. The query is left out: it may hold
// tokens.
type logLine struct {
	method, host, path, proto, remote string
	instance, app, target             string
	trace                             [16]byte
	status, sentStatus                int
	sent                              int64
	duration, upstreamWait            time.Duration
	fault                             error
	failed                            []*target
}

const logQueue = 1024

func newAccessLog(opt Options) *accessLog {
	a := &accessLog{
		on: opt.AccessLog, rate: int64(opt.AccessLogRate), log: opt.Log, lines: make(chan logLine, logQueue),
	}
	a.budget.Store(a.rate)
	return a
}

// add notes a finished request, unless the second's budget is used up.
func (a *accessLog) add(x *exchange, took time.Duration) {
	if !a.on {
		return
	}
	if a.budget.Add(-1) < 0 {
		a.dropped.Add(1)
		return
	}
	select {
	case a.lines <- newLogLine(x, took):
	default:
		a.dropped.Add(1)
	}
}

func newLogLine(x *exchange, took time.Duration) logLine {
	l := logLine{
		method: x.req.method, host: x.req.authority, path: x.req.path, proto: x.proto, remote: x.peer.String(),
		trace: x.trace, status: x.status, sentStatus: x.sentStatus, sent: x.sent, duration: took,
		upstreamWait: x.upstreamWait, fault: x.fault,
	}
	if x.decision.route != nil {
		l.instance, l.app = x.decision.route.Instance, x.decision.route.Name
	}
	if x.aim.target != nil {
		l.target, l.failed = x.aim.target.ID, x.aim.failed
	}
	return l
}

// Run writes until ctx ends, and then what is left.
func (a *accessLog) Run(ctx context.Context) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case l := <-a.lines:
			a.write(l)
		case <-second.C:
			a.refill()
		case <-ctx.Done():
			a.drain()
			return nil
		}
	}
}

func (a *accessLog) drain() {
	for {
		select {
		case l := <-a.lines:
			a.write(l)
		default:
			a.refill()
			return
		}
	}
}

func (a *accessLog) refill() {
	a.budget.Store(a.rate)
	if n := a.dropped.Swap(0); n > 0 {
		a.log.Warn("access log lines dropped", "dropped", n)
	}
}

func (a *accessLog) write(l logLine) {
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("method", l.method), slog.String("host", l.host), slog.String("path", l.path),
		slog.Int("status", l.status), slog.Int64("bytes", l.sent),
		slog.Float64("duration_ms", ms(l.duration)), slog.Float64("upstream_ms", ms(l.upstreamWait)),
		slog.String("trace_id", string(appendTrace(nil, l.trace))), slog.String("protocol", l.proto),
		slog.String("remote", l.remote))
	if l.instance != "" {
		attrs = append(attrs, slog.String("instance", l.instance), slog.String("app", l.app))
	}
	if l.target != "" {
		attrs = append(attrs, slog.String("target", l.target))
	}
	if len(l.failed) > 0 {
		attrs = append(attrs, slog.String("failed_targets", idsOf(l.failed)))
	}
	if l.sentStatus != 0 {
		attrs = append(attrs, slog.Int("sent_status", l.sentStatus))
	}
	level := slog.LevelInfo
	if l.fault != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", l.fault.Error()))
	}
	a.log.LogAttrs(context.Background(), level, "request", attrs...)
}

func idsOf(list []*target) string {
	ids := make([]string, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	return strings.Join(ids, " ")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// finish counts and logs a request that has been answered.
func (s *Server) finish(x *exchange) {
	took := time.Since(x.began)
	x.stats().traffic.count(methodLabel(x.req.method), x.status, x.sent, took)
	s.accessLog.add(x, took)
}
