package main

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/version"
	"github.com/nexushub/nexushub/proxy"
	"github.com/nexushub/nexushub/proxy/certs"
	"github.com/nexushub/nexushub/proxy/h1"
)

// options maps the configuration to the proxy's words.
func options(f flags, c *config.Config) (proxy.Options, error) {
	p := c.Proxy
	trusted, err := prefixes(p.TrustedProxies)
	if err != nil {
		return proxy.Options{}, err
	}
	limits := h1.DefaultLimits
	limits.MaxBytes, limits.MaxFields = int(p.MaxHeaderBytes), p.MaxHeaders
	return proxy.Options{
		Domain: c.Domain, CertDir: p.CertDir, StateDir: p.StateDir, RunDir: runDir(f.runDir),
		TrustedProxies: trusted,
		HoldTimeout:    time.Duration(p.HoldTimeout), DrainTimeout: time.Duration(p.DrainTimeout),
		HeaderTimeout: time.Duration(p.HeaderTimeout), IdleTimeout: time.Duration(p.IdleTimeout),
		StallTimeout: time.Duration(p.StallTimeout), MaxConnections: p.MaxConnections, MaxStreams: p.MaxStreams, Limits: limits,
		AccessLog: p.AccessLog, AccessLogRate: p.AccessLogRate,
		ACME:    certs.ACMEOptions{Email: p.ACME.Email, Directory: p.ACME.Directory, CACert: p.ACME.CACert},
		Version: version.String(),
	}, nil
}

// prefixes reads addresses and networks.
func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err2 := netip.ParseAddr(s)
			if err2 != nil {
				return nil, fmt.Errorf("proxy.trusted_proxies: %q is neither an address nor a network", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// runDir is what systemd made for the unit, if it did.
func runDir(configured string) string { return firstOf(os.Getenv("RUNTIME_DIRECTORY"), configured) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
