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
	fault  error     // why there is no root
	tried  time.Time // when that was found
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

// retry looks whether a root that could not be used has been mended.
func (a *localCA) retry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault != nil {
		a.loadLocked() //nolint:errcheck // kept in fault
	}
}

// loadLocked asks the disk for a root that cannot be used no more often than for the
// operator's certificates, however many handshakes there are.
func (a *localCA) loadLocked() error {
	if a.root != nil {
		return nil
	}
	if a.fault != nil && time.Since(a.tried) < reloadEvery {
		return a.fault
	}
	root, err := a.read()
	if a.fault, a.tried = err, time.Now(); err != nil {
		return err
	}
	a.root, a.leaves = &root, map[string]*tls.Certificate{}
	a.log.Info("local certificate authority in use: clients have to trust its root", "root", a.certPath(),
		"trust_with", shell.Command("cp", a.certPath(), "/usr/local/share/ca-certificates/nexushub.crt")+" && update-ca-certificates")
	return nil
}

// read returns the root on disk. A damaged one is left as it is: clients trust it, and only
// an operator knows whether it can be restored.
func (a *localCA) read() (tls.Certificate, error) {
	if _, err := os.Lstat(a.certPath()); errors.Is(err, fs.ErrNotExist) {
		return a.make()
	}
	root, err := tls.LoadX509KeyPair(a.certPath(), a.keyPath())
	if err == nil && time.Now().After(root.Leaf.NotAfter) {
		err = fmt.Errorf("it expired on %s", root.Leaf.NotAfter.Format(time.DateOnly))
	}
	if err != nil {
		err = fmt.Errorf("the local authority cannot be used: %w; restore %s and its key from a backup, or remove both and a new "+
			"one is made, which clients have to trust anew", err, a.certPath())
	}
	return root, err
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
		return nil, err
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
	if a.fault != nil {
		list = append(list, proxyctl.CertInfo{Source: proxyctl.LocalCA, Path: a.certPath(), Error: a.fault.Error()})
	}
	for _, c := range a.leaves {
		list = append(list, infoOf(c, proxyctl.LocalCA, a.certPath()))
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
