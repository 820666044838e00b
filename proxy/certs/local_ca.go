package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/proxyctl"
)

const (
	rootLife  = 10 * 365 * 24 * time.Hour
	leafLife  = 90 * 24 * time.Hour
	renewLeft = 30 * 24 * time.Hour
)

// localCA makes certificates for hosts that no public authority would certify, such
// as *.localhost. Its root is made once; an operator may trust it.
type localCA struct {
	dir    string
	domain string
	log    *slog.Logger

	mu     sync.Mutex // guards the fields that follow
	root   *tls.Certificate
	leaves map[string]*tls.Certificate
}

func (a *localCA) certPath() string { return filepath.Join(a.dir, "ca", "root.crt") }
func (a *localCA) keyPath() string  { return filepath.Join(a.dir, "ca", "root.key") }

func (a *localCA) inUse() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.root == nil {
		return ""
	}
	return a.certPath()
}

// load reads the root, making it the first time.
func (a *localCA) load() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.loadLocked()
}

func (a *localCA) loadLocked() error {
	if a.root != nil {
		return nil
	}
	root, err := tls.LoadX509KeyPair(a.certPath(), a.keyPath())
	if errors.Is(err, fs.ErrNotExist) {
		root, err = a.make()
	}
	if err != nil {
		return err
	}
	if time.Now().After(root.Leaf.NotAfter) {
		return fmt.Errorf("%s expired on %s; remove it and its key, and a new one is made",
			a.certPath(), root.Leaf.NotAfter.Format(time.DateOnly))
	}
	a.root, a.leaves = &root, map[string]*tls.Certificate{}
	a.log.Info("local certificate authority in use: clients have to trust its root", "root", a.certPath(),
		"trust_with", shell.Command("cp", a.certPath(), "/usr/local/share/ca-certificates/nexushub.crt")+" && update-ca-certificates")
	return nil
}

// make writes the key before the certificate: a certificate without key would be
// taken for a damaged authority.
func (a *localCA) make() (tls.Certificate, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	tmpl := template(rootLife)
	tmpl.Subject = pkix.Name{CommonName: "NexusHub local CA on " + host, Organization: []string{"NexusHub"}}
	tmpl.IsCA, tmpl.BasicConstraintsValid, tmpl.MaxPathLenZero = true, true, true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	root, err := sign(tmpl, nil)
	if err != nil {
		return root, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(root.PrivateKey)
	if err != nil {
		return root, err
	}
	if err := os.MkdirAll(filepath.Join(a.dir, "ca"), 0o755); err != nil {
		return root, err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	if err := atomicfile.Write(a.keyPath(), keyPEM, 0o600); err != nil {
		return root, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate[0]})
	return root, atomicfile.Write(a.certPath(), certPEM, 0o644)
}

// leaf returns a certificate for the host; all hosts right below the domain share one.
func (a *localCA) leaf(host string) (*tls.Certificate, error) {
	names := []string{host}
	if _, rest, ok := strings.Cut(host, "."); host == a.domain || (ok && rest == a.domain) {
		names = []string{a.domain, wildcard(a.domain)}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.loadLocked(); err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	if c := a.leaves[names[0]]; c != nil && time.Until(c.Leaf.NotAfter) > renewLeft {
		return c, nil
	}
	tmpl := template(leafLife)
	tmpl.Subject, tmpl.DNSNames = pkix.Name{CommonName: names[0]}, names
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c, err := sign(tmpl, a.root)
	if err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	a.leaves[names[0]] = &c
	return &c, nil
}

func (a *localCA) list() []proxyctl.CertInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []proxyctl.CertInfo
	for _, c := range a.leaves {
		list = append(list, infoOf(c, "local CA", a.certPath()))
	}
	return list
}

func template(life time.Duration) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // crypto/rand does not fail (since Go 1.24)
	}
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life)}
}

// sign makes a key and its certificate, signed by root or self-signed.
func sign(tmpl *x509.Certificate, root *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := tmpl, any(key)
	if root != nil {
		parent, signer = root.Leaf, root.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
