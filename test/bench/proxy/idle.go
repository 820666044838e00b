package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// idle measures what keep-alive connections cost that have had one answer and wait.
func (b *bench) idle(ctx context.Context) error {
	if b.opt.idle == 0 {
		return nil
	}
	if most := mostIdle(); b.opt.idle > most {
		b.report.Note("only %d idle connections instead of %d: nexushub-proxy closes the oldest of more, "+
			"because this machine allows too few file descriptors", most, b.opt.idle)
		b.opt.idle = most
	}
	for _, s := range b.subjects {
		before := s.memory("VmRSS")
		conns, err := b.connectIdle(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		after := s.memory("VmRSS")
		err = b.stillOpen(conns)
		for _, c := range conns {
			c.Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.say("%d idle connections: %-8s %6.1f MiB, before %.1f", b.opt.idle, s.name, after, before)
		b.report.Add(fmt.Sprintf("idle%d", b.opt.idle), s.name, "rss", after, "MiB")
		if s.name == "nexushub" && b.opt.idle == 10_000 {
			b.report.Ratios["idle10k_mib"] = after
		}
	}
	return nil
}

// mostIdle is how many connections the proxy keeps with the descriptors of this process: it
// wants two for each, and leaves a third to requests of HTTP/2.
func mostIdle() int {
	var have syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &have) != nil {
		return 0
	}
	return int(min(have.Cur, 1<<20)) / 4
}

func (b *bench) connectIdle(ctx context.Context, s *subject) ([]net.Conn, error) {
	var mu sync.Mutex
	var conns []net.Conn
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	d := tls.Dialer{Config: &tls.Config{RootCAs: b.cert.pool, ServerName: host}}
	for i := range b.opt.idle {
		g.Go(func() error {
			c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
			if err != nil {
				return fmt.Errorf("connection %d (more descriptors: ulimit -n 65536): %w", i, err)
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			_, err = get(c)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		for _, c := range conns {
			c.Close()
		}
		return nil, err
	}
	return conns, nil
}

// stillOpen asks again over some of the connections: a proxy that closes them early
// would win.
func (b *bench) stillOpen(conns []net.Conn) error {
	for i := 0; i < len(conns); i += max(1, len(conns)/100) {
		if _, err := get(conns[i]); err != nil {
			return fmt.Errorf("connection %d is not open any more: %w", i, err)
		}
	}
	return nil
}
