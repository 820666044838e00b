// Package certs answers which certificate a connection gets: a pair of files that
// names the host, exactly or by wildcard; one that an ACME authority gave; else a
// leaf of the local certificate authority. Files are read again when they change,
// and the old pair stays until the new one is sound.
package certs

import (
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/proxyctl"
)

// Options of a Store.
type Options struct {
	Dir      string // NAME.crt and NAME.key; default.crt serves whoever fits nothing else
	StateDir string // ca/ lies below it
	Domain   string // of the hosts that the local CA covers by one wildcard
	// Subject is what the local CA may certify for a host: its name, or a wildcard, of whose
	// names there is no end; nothing for a host that is not ours.
	Subject  func(host string) string
	ACME     *ACME // nil: none
	Log      *slog.Logger
	Problems func([]string) // called when there are others than before; nil: nobody
}

// Store is the set of certificates in use.
type Store struct {
	opt   Options
	files atomic.Pointer[fileSet]
	ca    *localCA

	reading sync.Mutex // one Reload at a time

	mu       sync.Mutex        // guards problems
	problems map[string]string // as they were reported last, by path
}

// Open reads the folder. A pair that cannot be used is no error, at a start as little as
// later: it must not take the hosts of all others down. It is reported, and its hosts get
// what they would get without it.
func Open(opt Options) *Store {
	s := &Store{opt: opt, ca: &localCA{dir: opt.StateDir, domain: opt.Domain, log: opt.Log}}
	set := readFiles(opt, nil)
	s.files.Store(set)
	if set.find(wildcard(opt.Domain), time.Now()) == nil && set.fallback() == nil {
		s.ca.load() //nolint:errcheck // reported with everything else
	}
	s.report()
	return s
}

// reloadEvery is how soon a changed file is noticed.
const reloadEvery = 2 * time.Second

// Run watches the folder, and the clock, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(reloadEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if certfile.Stamp(s.opt.Dir) != s.files.Load().stamp {
				s.Reload()
			} else {
				s.report()
			}
		}
	}
}

// Reload reads the folder again.
func (s *Store) Reload() {
	s.reading.Lock()
	defer s.reading.Unlock()
	set := readFiles(s.opt, s.files.Load())
	s.files.Store(set)
	s.opt.Log.Info("certificates reloaded", "pairs", len(set.pairs))
	s.report()
}

// report logs what has become wrong since the last time.
func (s *Store) report() {
	s.ca.retry()
	now := map[string]string{}
	for _, i := range s.List() {
		if i.Error != "" && i.Source != sourceACME { // which logs each failure itself
			now[i.Path] = i.Error
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problems != nil && maps.Equal(now, s.problems) {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if text := now[path]; text != s.problems[path] {
			s.log(path, text)
		}
	}
	s.problems = now
	if s.opt.Problems != nil {
		s.opt.Problems(sentences(now))
	}
}

func (s *Store) log(path, text string) {
	files := s.files.Load()
	_, fault := files.faults[path]
	switch pair := files.pairs[path]; {
	case pair == nil:
		s.opt.Log.Error("certificate not loaded", "path", path, "error", text)
	case fault:
		s.opt.Log.Error("certificate not loaded, keeping the old one", "path", path, "error", text)
	default:
		s.opt.Log.Error("certificate is presented, but clients refuse it", "path", path, "error", text)
	}
}

// Problems says what is wrong with files, one sentence each, in the order of their paths.
func (s *Store) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sentences(s.problems)
}

func sentences(problems map[string]string) (list []string) {
	for _, path := range slices.Sorted(maps.Keys(problems)) {
		list = append(list, path+": "+problems[path])
	}
	return list
}

// GetCertificate is the callback of crypto/tls. A host of ours for which there is nothing
// else gets one of the local authority, never that of another host.
func (s *Store) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if s.opt.ACME != nil {
		if c, err := s.opt.ACME.GetCertificate(hello); c != nil || err != nil {
			return c, err
		}
	}
	files := s.files.Load()
	if p := files.find(name, time.Now()); p != nil {
		return p.Cert, nil
	}
	if subject := s.opt.Subject(name); name != "" && subject != "" {
		return s.ca.leaf(subject)
	}
	if p := files.fallback(); p != nil {
		return p.Cert, nil
	}
	return s.ca.leaf(s.opt.Domain)
}

// CACert is the path of the local CA's root, empty when it is not in use.
func (s *Store) CACert() string { return s.ca.inUse() }

// sourceACME is CertInfo.Source of what an authority was asked for.
const sourceACME = "ACME"

// List describes every certificate.
func (s *Store) List() []proxyctl.CertInfo {
	list := append([]proxyctl.CertInfo{}, s.files.Load().list(time.Now())...)
	if s.opt.ACME != nil {
		list = append(list, s.opt.ACME.List()...)
	}
	list = append(list, s.ca.list()...)
	for i := range list {
		if list[i].Hosts == nil {
			list[i].Hosts = []string{} // not null in JSON
		}
	}
	return list
}

func wildcard(domain string) string { return "*." + domain }

func infoOf(c *tls.Certificate, source, path string) proxyctl.CertInfo {
	return proxyctl.CertInfo{
		Hosts: c.Leaf.DNSNames, Source: source, Path: path, Issuer: c.Leaf.Issuer.String(),
		NotBefore: c.Leaf.NotBefore, NotAfter: c.Leaf.NotAfter,
	}
}
