package certfile

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/shell"
)

// chain is the certificates of one file; the first is the host's own.
type chain []*x509.Certificate

// checkKey says what is wrong when the first certificate is not for the key.
func (c chain) checkKey(path, keyPath string, key crypto.Signer) error {
	for i, cert := range c {
		switch {
		case !belongs(cert, key):
		case i == 0:
			return nil
		default:
			return problem("the certificates in %s are in the wrong order: the host's own (%s) must be the first and is number %d; "+
				"write the file again: the host's own, then the one that signed it, and so on", path, nameOf(cert), i+1)
		}
	}
	return problem("the key in %s does not belong to the certificate in %s (%s): these two must print the same: %s, %s",
		keyPath, path, nameOf(c[0]), shell.Command("openssl x509 -noout -pubkey -in", path),
		shell.Command("openssl pkey -pubout -in", keyPath))
}

// hosts are the names in the host's own certificate, in lower case.
func (c chain) hosts() (list []string) {
	for _, name := range c[0].DNSNames {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// checkNames says what is wrong with a certificate that names no host.
func (c chain) checkNames(path string) error {
	leaf := c[0]
	if len(leaf.DNSNames) > 0 {
		return nil
	}
	remedy := "request one with the names as subject alternative names: openssl req -new -key KEY -subj / " +
		"-addext " + shell.Quote("subjectAltName=DNS:"+cmp.Or(leaf.Subject.CommonName, "HOST"))
	if len(leaf.IPAddresses) > 0 {
		return problem("%s names only addresses (%s), and applications have host names; %s", path, leaf.IPAddresses[0], remedy)
	}
	return problem("%s names no host: clients ignore the common name (CN=%s) and there are no subject alternative names; %s",
		path, leaf.Subject.CommonName, remedy)
}

// outOfDate is empty while now is between the dates of a certificate.
func outOfDate(c *x509.Certificate, now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "expired on " + c.NotAfter.UTC().Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "is not valid before " + c.NotBefore.UTC().Format(time.DateTime) + " UTC (is the clock right?)"
	}
	return ""
}

// objections are reasons of clients to refuse the chain that have nothing to do with time.
func (c chain) objections() (list []string) {
	leaf := c[0]
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, name := range leaf.DNSNames {
		if _, err := hostname.Parse(strings.TrimPrefix(name, "*.")); err != nil {
			say("clients do not understand the name %q in it", name)
		}
	}
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 && !slices.ContainsFunc(leaf.ExtKeyUsage, forServers) {
		say("it is not for servers (extended key usage), and clients refuse it; request one with serverAuth")
	}
	for i, cert := range c {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
			say("the key of %s has %d bits, and most clients refuse RSA below 2048", c.which(i), key.N.BitLen())
		}
		if weak[cert.SignatureAlgorithm] && !selfSigned(cert) {
			say("%s is signed with %s, which clients refuse; request a new one", c.which(i), cert.SignatureAlgorithm)
		}
	}
	if len(leaf.IssuingCertificateURL) > 0 && !slices.ContainsFunc(c[1:], c.signs) {
		say("the certificate of its authority (%s) is not in the file, and most clients refuse it without; "+
			"take the file with the whole chain (fullchain.pem)", leaf.Issuer)
	}
	return list
}

// which names one certificate of the chain.
func (c chain) which(i int) string {
	if i == 0 {
		return "the certificate"
	}
	return fmt.Sprintf("certificate %d of its chain (%s)", i+1, nameOf(c[i]))
}

// signs says whether authority is the one that the host's own certificate names.
func (c chain) signs(authority *x509.Certificate) bool {
	return bytes.Equal(authority.RawSubject, c[0].RawIssuer)
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

func forServers(u x509.ExtKeyUsage) bool {
	return u == x509.ExtKeyUsageServerAuth || u == x509.ExtKeyUsageAny
}

var weak = map[x509.SignatureAlgorithm]bool{
	x509.MD2WithRSA: true, x509.MD5WithRSA: true, x509.SHA1WithRSA: true, x509.DSAWithSHA1: true, x509.ECDSAWithSHA1: true,
}
