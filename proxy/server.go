package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxy/certs"
	"github.com/nexushub/nexushub/proxy/fairshare"
)

// Server is the proxy: listeners, the table in force, and everything in flight.
type Server struct {
	opt     Options
	lowered bool // limits of opt, see fitDescriptors
	log     *slog.Logger
	started time.Time

	snapshot  atomic.Pointer[snapshot]
	applying  sync.Mutex // one table at a time
	targets   *targets
	grants    *accesstoken.Store
	signer    *signer // of assertions
	certs     *certs.Store
	acme      *certs.ACME
	metrics   *metrics
	accessLog *accessLog
	deadlines *deadlineLoop

	tls       atomic.Pointer[tls.Config]
	h2Base    *http.Server // what all HTTP/2 connections have in common
	dateCache atomic.Pointer[dateValue]

	conns        atomic.Int64
	connPool     *fairshare.Pool // of connections
	streamPool   *fairshare.Pool // of HTTP/2 requests in progress
	heldPool     *fairshare.Pool // of requests that are held
	handshakes   *fairshare.Semaphore
	evictions    struct{ conns, streams, held *evictionLog }
	epoch        atomic.Int32    // 0 until the proxy stops, then 1
	inFlight     [2]atomic.Int64 // requests by the epoch that they began in
	eventStreams eventStreams
	listeners    listeners
	unrouted     *routeStats // requests that belong to no instance
}

// New loads the last table from disk, so that the proxy serves before, and without,
// the agent.
func New(opt Options) (*Server, error) {
	lowered := opt.fitDescriptors()
	s := &Server{
		lowered: lowered,
		opt:     opt, log: opt.Log, started: time.Now(), deadlines: newDeadlineLoop(opt.ticks),
		metrics: newMetrics(opt.Version), eventStreams: newEventStreams(), unrouted: newRouteStats("", opt.Log),
	}
	s.accessLog = newAccessLog(opt)
	s.initPools()
	key, err := loadKey(filepath.Join(opt.StateDir, "sticky-key"))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	seed, err := loadKey(filepath.Join(opt.StateDir, "assertion-key"))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	s.signer = newSigner(seed)
	s.targets = newTargets(&common{
		clock: &s.deadlines.clock, log: opt.Log, failovers: s.metrics.failovers, stickyKey: key,
	})
	if s.grants, err = accesstoken.Open(filepath.Join(opt.StateDir, "tokens"), s.grantOptions()); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if err := s.restore(); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if s.acme, err = certs.NewACME(s.acmeOptions()); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	s.certs = certs.Open(certs.Options{
		Dir: opt.CertDir, StateDir: opt.StateDir, Domain: s.domain(), Log: opt.Log, ACME: s.acme,
		Subject:  func(host string) string { return s.snapshot.Load().subject(host) },
		Problems: s.showProblems,
	})
	s.metrics.collect(s)
	s.tls.Store(s.tlsConfig("h2", "http/1.1", certs.ACMEProtocol))
	s.h2Base = newH2Base(opt)
	return s, nil
}

// initPools sets up what all clients share.
func (s *Server) initPools() {
	s.connPool = fairshare.NewPool(s.opt.MaxConnections)
	s.streamPool = fairshare.NewPool(s.opt.MaxStreams)
	s.heldPool = fairshare.NewPool(s.maxHeld())
	s.handshakes = fairshare.NewSemaphore(runtime.GOMAXPROCS(0))
	newLog := func(what string, limit int, reasons ...string) *evictionLog {
		for _, r := range append(reasons, newcomer) { // from zero on: an increase from nothing is not seen
			s.metrics.evictions.WithLabelValues(what, r)
		}
		return &evictionLog{what: what, limit: limit, counter: s.metrics.evictions, log: s.log}
	}
	s.evictions.conns = newLog("connection", s.opt.MaxConnections, classNames[:]...)
	s.evictions.streams = newLog("stream", s.opt.MaxStreams, classNames[:]...)
	s.evictions.held = newLog("held request", s.maxHeld(), heldReason)
}

// acmeOptions adds where an authority's challenges arrive.
func (s *Server) acmeOptions() certs.ACMEOptions {
	o := s.opt.ACME
	o.Dir, o.Log = filepath.Join(s.opt.StateDir, "acme"), s.log
	for _, l := range s.opt.Listeners {
		if a, ok := l.Addr().(*net.TCPAddr); ok && l.Name == "http" {
			o.HTTPPort = a.Port
		} else if ok && l.Name == "https" {
			o.TLSPort = a.Port
		}
	}
	return o
}

func (s *Server) domain() string {
	if d := s.snapshot.Load().table.Domain; d != "" {
		return d
	}
	return s.opt.Domain
}

// Run serves until ctx ends, then finishes what is in flight. The first part that
// fails ends all others.
func (s *Server) Run(ctx context.Context) error {
	if len(s.opt.Listeners) == 0 {
		return errors.New("proxy: no listening socket")
	}
	defer s.acme.Close()
	s.logLoweredLimits()
	s.acme.Manage(s.snapshot.Load().optedIn())
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return s.deadlines.Run(work) })
	g.Go(func() error { return s.certs.Run(work) })
	g.Go(func() error { return s.accessLog.Run(work) })
	g.Go(func() error { return s.grants.Run(work) })
	g.Go(func() error { return s.housekeep(work) })
	g.Go(func() error { return newGCTuner(s.conns.Load).Run(work) })
	for _, l := range s.opt.Listeners {
		g.Go(func() error { return s.listen(work, l) })
	}
	s.opt.Ready()
	select {
	case <-ctx.Done():
		s.shutdown()
	case <-work.Done():
	}
	stop()
	return errors.Join(g.Wait(), s.grants.Close())
}

// showProblems puts certificates that are of no use into the status.
func (s *Server) showProblems(list []string) {
	if s.opt.Status == nil {
		return
	}
	switch len(list) {
	case 0:
		s.opt.Status("serving")
	case 1:
		s.opt.Status("serving, with a problem with certificates: nexushub cert")
	default:
		s.opt.Status(fmt.Sprintf("serving, with %d problems with certificates: nexushub cert", len(list)))
	}
}

// Reload reads the certificates again.
func (s *Server) Reload() { s.certs.Reload() }

// Alive fails when the proxy no longer makes progress: its clock has stopped or a
// request would wait for a lock.
func (s *Server) Alive(ctx context.Context) error {
	before := s.deadlines.clock.Load()
	timer := time.NewTimer(8 * tick)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.deadlines.clock.Load() == before {
		return errors.New("proxy: the deadline loop has stopped")
	}
	s.Status()
	return nil
}

// housekeep closes upstream connections that have been idle for long and forgets
// targets without use.
func (s *Server) housekeep(ctx context.Context) error {
	t := time.NewTicker(idleUpstream / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			s.targets.prune(now)
			s.retire()
		}
	}
}

func (s *Server) isStopping() bool { return s.epoch.Load() != 0 }

func (s *Server) trusts(peer netip.Addr) bool {
	for _, p := range s.opt.TrustedProxies {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}
