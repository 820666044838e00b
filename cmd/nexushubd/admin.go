package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nexushub/nexushub/agent/admin"
	"github.com/nexushub/nexushub/internal/beneath"
)

// runAdmin follows the admin service through the proxy, if [admin] is enabled.
func (d *daemon) runAdmin(ctx context.Context) error {
	if !d.conf.Admin.Enabled {
		<-ctx.Done()
		return nil
	}
	port := strconv.Itoa(proxyPorts(ctx, d.units, d.log).Guests)
	base := d.conf.Admin.URL
	t := &http.Transport{IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	if base == "" {
		base = "https://" + net.JoinHostPort("internal."+d.conf.Domain, port)
		t.DialTLSContext = d.dialProxy("internal."+d.conf.Domain, net.JoinHostPort("127.0.0.1", port))
	}
	defer t.CloseIdleConnections()
	client := admin.NewClient(base, d.conf.AdminInstance, d.secret, d.conf.Admin.MaxApps, t)
	return d.agent.RunAdmin(ctx, client, d.conf.Admin.Interval.Std(), d.conf.Admin.MaxApps)
}

// dialProxy connects to the proxy of this host whatever the name resolves to, and
// trusts what its operator trusts: the local CA and the certificates in cert_dir.
func (d *daemon) dialProxy(name, address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		roots, err := d.roots()
		if err != nil {
			return nil, err
		}
		dialer := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12}}
		return dialer.DialContext(ctx, "tcp", address)
	}
}

func (d *daemon) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("system certificates: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(d.conf.Proxy.CertDir, "*.crt"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if pem, err := os.ReadFile(file); err == nil {
			roots.AppendCertsFromPEM(pem)
		}
	}
	roots.AppendCertsFromPEM(proxysRoot(d.conf.Proxy.StateDir))
	return roots, nil
}

// proxysRoot is the certificate of the proxy's own authority, where there is one. The
// folder is the proxy's: what lies there need not be what it should be.
func proxysRoot(stateDir string) []byte {
	dir, err := beneath.Folder(stateDir)
	if err != nil {
		return nil
	}
	defer dir.Close()
	pem, _ := dir.ReadFile("ca/root.crt", 64<<10)
	return pem
}
