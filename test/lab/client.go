package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// RootCA is where the proxy of a machine keeps the certificate of its own authority.
const RootCA = "/var/lib/nexushub-proxy/ca/root.crt"

// HTTPClient reaches the machine from the host: names lead to the machine, and ca (PEM)
// is the only authority it trusts. HTTP/2 is used where the server offers it.
func (m *Machine) HTTPClient(ca []byte) (*http.Client, error) {
	pool := x509.NewCertPool()
	if len(ca) > 0 && !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("lab: the certificate authority is not in PEM form")
	}
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DialContext:         m.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 64,
		},
	}, nil
}

// TrustingClient is HTTPClient with the authority that the machine's proxy made.
func (m *Machine) TrustingClient(ctx context.Context) (*http.Client, error) {
	ca, err := m.ReadFile(ctx, RootCA)
	if err != nil {
		return nil, err
	}
	return m.HTTPClient(ca)
}
