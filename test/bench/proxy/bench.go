package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/test/need"
)

// bench is one run: an upstream and the proxies in front of it.
type bench struct {
	opt      options
	dir      string
	cert     *certificate
	upstream *process
	ours     *nexushub
	subjects []*subject // ours first
	report   *report.Report
	progress io.Writer
}

func newBench(ctx context.Context, opt options, dir string, progress io.Writer) (*bench, error) {
	b := &bench{opt: opt, dir: dir, report: report.New("proxy"), progress: progress}
	b.report.Note("1 KiB from nginx, TLS 1.3 with P-256, 64 connections, no access log; median of %d rounds of %d s",
		opt.rounds, opt.seconds)
	for _, n := range whereTimeGoes {
		b.report.Note("%s", n)
	}
	if err := need.Commands(ctx, nginxProgram+"=nginx-core", haproxyProgram+"=haproxy", "wrk=wrk",
		"h2load=nghttp2-client"); err != nil {
		return nil, err
	}
	raiseDescriptors()
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's workers are another user
		return nil, err
	}
	cert, err := newCertificate(dir)
	if err != nil {
		return nil, err
	}
	b.cert = cert
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// raiseDescriptors makes room for the idle connections, as far as the system allows;
// connectIdle names what to do when it does not suffice.
func raiseDescriptors() {
	want := syscall.Rlimit{Cur: 65536, Max: 65536}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want) == nil {
		return
	}
	var have syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &have) == nil {
		have.Cur = have.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &have) // what was allowed anyhow
	}
}

func (b *bench) start(ctx context.Context) error {
	at, err := b.place()
	if err != nil {
		return err
	}
	if b.upstream, err = startUpstream(ctx, at); err != nil {
		return err
	}
	if b.ours, err = startNexushub(ctx, at, b.opt.proxy); err != nil {
		return err
	}
	b.subjects = append(b.subjects, &b.ours.subject)
	for _, other := range []struct {
		name  string
		start func(context.Context, place) (*subject, error)
	}{{"nginx", startNginx}, {"haproxy", startHAProxy}, {"caddy", startCaddy}} {
		if !b.opt.wants(other.name) || b.opt.big > 0 {
			continue
		}
		if at.Port, err = freePort(); err != nil {
			return err
		}
		s, err := other.start(ctx, at)
		if err != nil {
			return err
		}
		b.subjects = append(b.subjects, s)
	}
	return b.ready(ctx)
}

func (b *bench) place() (place, error) {
	at := place{Dir: b.dir, Crt: b.cert.crt, Key: b.cert.key, Both: b.cert.both, Host: host}
	var errUp, errPort error
	at.Upstream, errUp = freePort()
	at.Port, errPort = freePort()
	return at, errors.Join(errUp, errPort)
}

// ready waits for every subject and checks that they answer alike.
func (b *bench) ready(ctx context.Context) error {
	for _, s := range b.subjects {
		if err := waitFor(ctx, s.process, s.port); err != nil {
			return err
		}
		if err := s.check(ctx, b.cert); err != nil {
			return err
		}
		b.report.Note("%s", s.version)
	}
	return nil
}

func (b *bench) close() {
	for _, s := range b.subjects {
		s.stop()
	}
	if b.upstream != nil {
		b.upstream.stop()
	}
}

// everything is the whole benchmark, or the parts of it that are asked for.
func (b *bench) everything(ctx context.Context) error {
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"compare", b.compare}, {"hosts", b.hosts}, {"targets", b.targets}, {"idle", b.idle}, {"profile", b.profile}} {
		if !contains(b.opt.parts, part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }
