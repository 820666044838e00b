// Package certs answers which certificate a connection gets: a pair of files that
// names the host, exactly or by wildcard; one that an ACME authority gave; else a
// leaf of the local certificate authority. Files are read again when they change,
// and the old pair stays until the new one is sound.
package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// Options of a Store.
type Options struct {
	Dir      string            // NAME.crt and NAME.key; default.crt serves whoever fits nothing else
	StateDir string            // ca/ lies below it
	Domain   string            // of the hosts that the local CA covers by one wildcard
	Known    func(string) bool // hosts that the local CA may make leaves for
	ACME     *ACME             // nil: none
	Log      *slog.Logger
}

// Store is the set of certificates in use.
type Store struct {
	opt   Options
	files atomic.Pointer[fileSet]
	ca    *localCA

	mu     sync.Mutex // guards faults
	faults map[string]error
}

// Open reads the folder. A pair that cannot be used is a wrong configuration and an
// error then, while Run only reports it and stays with what it had. One that has expired
// is reported only: time alone must not keep the other hosts from being served.
func Open(opt Options) (*Store, error) {
	set, faults := readDir(opt.Dir, nil)
	if err := unusable(faults); err != nil {
		return nil, err
	}
	for path, err := range faults {
		opt.Log.Error("certificate not loaded", "path", path, "error", err)
	}
	s := &Store{opt: opt, faults: faults}
	s.files.Store(set)
	s.ca = &localCA{dir: opt.StateDir, domain: opt.Domain, log: opt.Log}
	if set.find(wildcard(opt.Domain)) == nil && set.byName["default"] == nil {
		if err := s.ca.load(); err != nil {
			return nil, fmt.Errorf("local CA: %w", err)
		}
	}
	return s, nil
}

// unusable names every pair that no passing of time explains, in one line and in the
// order of their paths; nil when there is none.
func unusable(faults map[string]error) error {
	var all error
	for _, path := range slices.Sorted(maps.Keys(faults)) {
		switch err := faults[path]; {
		case errors.Is(err, errExpired):
		case all == nil:
			all = err
		default:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}

// reloadEvery is how soon a changed file is noticed.
const reloadEvery = 2 * time.Second

// Run watches the folder until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(reloadEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			s.Reload()
		}
	}
}

// Reload reads the folder again when something in it has changed.
func (s *Store) Reload() {
	old := s.files.Load()
	stamp := stampOf(s.opt.Dir)
	if stamp == old.stamp {
		return
	}
	set, faults := readDir(s.opt.Dir, old)
	s.files.Store(set)
	s.mu.Lock()
	s.faults = faults
	s.mu.Unlock()
	for path, err := range faults {
		s.opt.Log.Error("certificate not loaded, keeping the old one", "path", path, "error", err)
	}
	s.opt.Log.Info("certificates reloaded", "pairs", len(set.byName))
}

// GetCertificate is the callback of crypto/tls.
func (s *Store) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if s.opt.ACME != nil {
		if c, err := s.opt.ACME.GetCertificate(hello); c != nil || err != nil {
			return c, err
		}
	}
	files := s.files.Load()
	if c := files.find(name); c != nil {
		return c, nil
	}
	if name != "" && s.opt.Known(name) {
		return s.ca.leaf(name)
	}
	if p := files.byName["default"]; p != nil {
		return p.cert, nil
	}
	return s.ca.leaf(s.opt.Domain)
}

// CACert is the path of the local CA's root, empty when it is not in use.
func (s *Store) CACert() string { return s.ca.inUse() }

// List describes every certificate.
func (s *Store) List() []proxyctl.CertInfo {
	list := []proxyctl.CertInfo{}
	for _, p := range s.files.Load().sorted() {
		list = append(list, infoOf(p.cert, "file", p.path))
	}
	s.mu.Lock()
	for _, path := range slices.Sorted(maps.Keys(s.faults)) {
		list = append(list, proxyctl.CertInfo{Source: "file", Path: path, Error: s.faults[path].Error()})
	}
	s.mu.Unlock()
	if s.opt.ACME != nil {
		list = append(list, s.opt.ACME.List()...)
	}
	return append(list, s.ca.list()...)
}

func wildcard(domain string) string { return "*." + domain }

func infoOf(c *tls.Certificate, source, path string) proxyctl.CertInfo {
	return proxyctl.CertInfo{
		Hosts: c.Leaf.DNSNames, Source: source, Path: path, Issuer: c.Leaf.Issuer.String(),
		NotBefore: c.Leaf.NotBefore, NotAfter: c.Leaf.NotAfter,
	}
}
