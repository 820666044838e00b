package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"strings"
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
		Domain: c.Domain, CertDir: p.CertDir, StateDir: p.StateDir,
		RunDir:         cmp.Or(os.Getenv("RUNTIME_DIRECTORY"), f.runDir),
		TrustedProxies: trusted,
		HoldTimeout:    time.Duration(p.HoldTimeout), DrainTimeout: time.Duration(p.DrainTimeout),
		HeaderTimeout: time.Duration(p.HeaderTimeout), IdleTimeout: time.Duration(p.IdleTimeout),
		StallTimeout: time.Duration(p.StallTimeout), MaxConnections: p.MaxConnections, MaxStreams: p.MaxStreams,
		Limits:   limits,
		MaxSlide: time.Duration(p.MaxSlide), Introspect: time.Duration(p.IntrospectInterval),
		AccessLog: p.AccessLog, AccessLogRate: p.AccessLogRate,
		ACME:    certs.ACMEOptions{Email: p.ACME.Email, Directory: p.ACME.Directory, CACert: p.ACME.CACert},
		Version: version.String(), Settings: settings(c),
	}, nil
}

// settings are what of the configuration the proxy reads, all of it at its start.
func settings(c *config.Config) map[string]string {
	all := c.Settings()
	maps.DeleteFunc(all, func(key, _ string) bool {
		return key != "domain" && key != "log_level" && !strings.HasPrefix(key, "proxy.")
	})
	return all
}

// prefixes reads networks such as 10.0.0.0/8.
func prefixes(list []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		var err error
		if out[i], err = netip.ParsePrefix(s); err != nil {
			return nil, fmt.Errorf("proxy.trusted_proxies: %w", err) // the configuration has been checked
		}
	}
	return out, nil
}
