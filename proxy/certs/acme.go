package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/internal/readable"
	"github.com/nexushub/nexushub/proxyctl"
)

// ACMEProtocol is what an authority's tls-alpn-01 connection offers instead of HTTP
// (RFC 8737).
const ACMEProtocol = "acme-tls/1"

// ACMEOptions say which authority certifies the hosts that opt in, and where its
// challenges arrive.
type ACMEOptions struct {
	Email     string
	Directory string // URL; empty: Let's Encrypt
	CACert    string // PEM file to trust the directory itself by
	HTTPPort  int    // that http-01 arrives at; 0: no http-01
	TLSPort   int    // that tls-alpn-01 arrives at
	Dir       string // accounts, certificates, back-off
	Log       *slog.Logger
}

// ACME gets and renews certificates through certmagic. A host whose authority says no
// is asked for again later and later, over restarts too.
type ACME struct {
	log     *slog.Logger
	cache   *certmagic.Cache
	config  *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	backoff *backoff
	// unusable says why the authority cannot be asked at all; nil: it can.
	unusable error
	ctx      context.Context
	stop     context.CancelFunc

	mu     sync.Mutex // guards the fields that follow
	hosts  map[string]context.CancelFunc
	faults map[string]string
	// attempts are the first requests under way, as opposed to renewals.
	attempts map[string]context.CancelCauseFunc
}

// NewACME prepares; nothing is asked for before Manage. An authority's own certificate that
// cannot be read keeps only from asking that authority: see issuer.
func NewACME(opt ACMEOptions) (*ACME, error) {
	roots, unusable := readRoots(opt.CACert)
	if unusable != nil {
		opt.Log.Error("acme: no certificate can be asked for", "error", unusable)
	}
	b, err := openBackoff(filepath.Join(opt.Dir, "backoff.json"), opt.Log)
	if err != nil {
		return nil, err
	}
	a := &ACME{
		log: opt.Log, backoff: b, hosts: map[string]context.CancelFunc{}, faults: map[string]string{},
		attempts: map[string]context.CancelCauseFunc{},
	}
	a.ctx, a.stop = context.WithCancel(context.Background())
	quiet := zap.NewNop() // what matters comes by events
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           quiet,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: opt.Dir}, Logger: quiet, OnEvent: a.event,
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	a.issuer = certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: opt.Directory, TestCA: opt.Directory, Email: cmp.Or(opt.Email, noEmail), NewAccountFunc: withoutNoEmail,
		Agreed: true, TrustedRoots: roots, Logger: quiet,
		DisableHTTPChallenge: opt.HTTPPort == 0, AltHTTPPort: opt.HTTPPort, AltTLSALPNPort: opt.TLSPort,
	})
	a.unusable = unusable
	a.config.Issuers = []certmagic.Issuer{issuer{a.issuer, unusable}}
	return a, nil
}

// noEmail is certmagic's own name for the account of those who give no address. Without any it
// would look for the account that was written last, and take this name for an address if another
// host is about to register: the authority refuses it, and a host waits a quarter of an hour.
const noEmail = "default"

func withoutNoEmail(_ context.Context, i *certmagic.ACMEIssuer, account acme.Account) (acme.Account, error) {
	if i.Email == noEmail {
		account.Contact = nil
	}
	return account, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	roots, err := certfile.ReadAuthority(path, readable.Self())
	if err != nil {
		return nil, fmt.Errorf("proxy.acme.ca_cert: %w; then restart the proxy", err)
	}
	pool := x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	return pool, nil
}

// Manage sets the hosts that have opted in. It does not wait for certificates.
func (a *ACME) Manage(hosts []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for host, cancel := range a.hosts {
		if !slices.Contains(hosts, host) {
			cancel()
			a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: host}})
			delete(a.hosts, host)
			delete(a.faults, host)
		}
	}
	for _, host := range hosts {
		if a.hosts[host] == nil {
			ctx, cancel := context.WithCancel(a.ctx)
			a.hosts[host] = cancel
			go a.obtain(ctx, host)
		}
	}
}

// obtain gets a certificate, or the one on disk, and tries again for as long as the
// host is wanted.
func (a *ACME) obtain(ctx context.Context, host string) {
	if a.unusable != nil {
		if _, err := a.config.CacheManagedCertificate(ctx, host); err != nil {
			a.set(host, a.unusable.Error())
		}
		return
	}
	for a.backoff.wait(ctx, host) == nil {
		err := a.attempt(ctx, host)
		if err == nil {
			a.set(host, "")
			a.backoff.clear(host)
			return
		}
		if ctx.Err() != nil {
			return
		}
		next := a.backoff.fail(host)
		a.set(host, err.Error())
		a.log.Error("certificate not obtained", "host", host, "error", err, "next_try", next)
	}
}

// attempt takes the certificate from disk or asks the authority once: certmagic would
// retry on its own, but forgets that when the process exits, so event
// stops it at the first failure.
func (a *ACME) attempt(ctx context.Context, host string) error {
	if _, err := a.config.CacheManagedCertificate(ctx, host); err == nil {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.mu.Lock()
	a.attempts[host] = cancel
	a.mu.Unlock()
	err := a.config.ObtainCertAsync(ctx, host)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		_, err = a.config.CacheManagedCertificate(ctx, host)
	}
	return err
}

func (a *ACME) set(host, fault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hosts[host] != nil {
		a.faults[host] = fault
	}
}

// event logs what certmagic does on its own, such as renewals.
func (a *ACME) event(_ context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		a.log.Info("certificate obtained", "host", data["identifier"], "renewal", data["renewal"])
	case "cert_failed":
		host, _ := data["identifier"].(string)
		a.mu.Lock()
		defer a.mu.Unlock()
		if cancel := a.attempts[host]; cancel != nil {
			delete(a.attempts, host)
			cancel(fmt.Errorf("%v", data["error"]))
		} else {
			a.log.Error("certificate not renewed", "host", host, "error", fmt.Sprint(data["error"]))
		}
	}
	return nil
}

// GetCertificate returns nil for a host that it has no certificate for.
func (a *ACME) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	a.mu.Lock()
	wanted := a.hosts[name] != nil
	a.mu.Unlock()
	if !wanted {
		return nil, nil
	}
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == ACMEProtocol {
		return a.config.GetCertificate(hello)
	}
	for _, c := range a.cache.AllMatchingCertificates(name) {
		return &c.Certificate, nil
	}
	return nil, nil
}

// Challenge answers an http-01 request; false when it is none.
func (a *ACME) Challenge(w http.ResponseWriter, r *http.Request) bool {
	return a.issuer.HandleHTTPChallenge(w, r)
}

// List describes every host that has opted in, with its certificate or its fault.
func (a *ACME) List() []proxyctl.CertInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []proxyctl.CertInfo
	for host := range a.hosts {
		i := proxyctl.CertInfo{Hosts: []string{host}, Source: sourceACME, Error: a.faults[host]}
		for _, c := range a.cache.AllMatchingCertificates(host) {
			i.Issuer, i.NotBefore, i.NotAfter = c.Leaf.Issuer.String(), c.Leaf.NotBefore, c.Leaf.NotAfter
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(x, y proxyctl.CertInfo) int { return strings.Compare(x.Hosts[0], y.Hosts[0]) })
	return list
}

// Close ends all attempts and renewals.
func (a *ACME) Close() {
	a.stop()
	a.cache.Stop()
}
