package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// host is what the load asks for: the one name that resolves everywhere.
const host = "localhost"

// certificate is one P-256 pair as files, the way each proxy wants it.
type certificate struct {
	crt, key string // PEM
	both     string // PEM, key behind the certificate
	pool     *x509.CertPool
}

func newCertificate(dir string) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	c := &certificate{filepath.Join(dir, "default.crt"), filepath.Join(dir, "default.key"),
		filepath.Join(dir, "both.pem"), x509.NewCertPool()}
	crtPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	c.pool.AppendCertsFromPEM(crtPEM)
	return c, errors.Join(
		os.WriteFile(c.crt, crtPEM, 0o644), os.WriteFile(c.key, keyPEM, 0o600),
		os.WriteFile(c.both, slices.Concat(crtPEM, keyPEM), 0o600))
}
