package certfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/nexushub/nexushub/internal/shell"
)

// isKey says whether a part is a private key, in whatever form.
func isKey(b block) bool {
	return strings.HasSuffix(b.kind, "PRIVATE KEY") && b.kind != "OPENSSH PRIVATE KEY"
}

// privateKey is the one of a file; what else lies there, such as EC PARAMETERS or
// certificates, does no harm.
func privateKey(path string, list []block) (crypto.Signer, error) {
	for _, b := range list {
		if !isKey(b) {
			continue
		}
		if b.encrypted {
			return nil, problem("the key in %s is encrypted, and nobody can tell the proxy its passphrase; decrypt it: %s -out NEW",
				path, shell.Command("openssl pkey -in", path))
		}
		key, err := parseKey(b)
		if err != nil {
			return nil, problem("the key in %s cannot be used: %w", path, err)
		}
		return key, nil
	}
	return nil, noKey(path, list)
}

// errKind names what crypto/tls can sign with.
var errKind = errors.New("it is of a kind that cannot be served; take ECDSA on P-256, P-384 or P-521, RSA or Ed25519: " +
	"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out NEW")

// parseKey takes PKCS #8, PKCS #1 and SEC 1.
func parseKey(b block) (crypto.Signer, error) {
	var key any
	var err error
	if key, err = x509.ParsePKCS8PrivateKey(b.der); err != nil {
		if pkcs1, other := x509.ParsePKCS1PrivateKey(b.der); other == nil {
			key, err = pkcs1, nil
		} else if sec1, other := x509.ParseECPrivateKey(b.der); other == nil {
			key, err = sec1, nil
		}
	}
	if err != nil {
		if strings.Contains(err.Error(), "unknown") { // curve, algorithm
			err = errKind
		}
		return nil, err
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 1024 {
			return nil, errors.New("an RSA key of less than 1024 bits protects nothing; make one of 2048")
		}
		return k, nil
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P224() {
			return nil, errKind
		}
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, errKind
}

// belongs says whether a certificate is for a key.
func belongs(c *x509.Certificate, key crypto.Signer) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && c.PublicKey != nil && public.Equal(c.PublicKey)
}
