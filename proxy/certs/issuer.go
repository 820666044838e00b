package certs

import (
	"context"
	"crypto/x509"
	"strings"

	"github.com/caddyserver/certmagic"
)

// issuer asks the authority. It asks once more, at once, when that has forgotten our
// account: certmagic throws the account away then, but orders in its name again, and
// so fails one time where nothing is wrong any more (v0.25, acmeissuer.go, doIssue).
type issuer struct {
	*certmagic.ACMEIssuer
	unusable error // asks nobody, also not to renew
}

// noChains is all that certmagic says of an account that was forgotten.
const noChains = "no certificate chains"

// Issue implements certmagic.Issuer.
func (i issuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	if i.unusable != nil {
		return nil, i.unusable
	}
	cert, err := i.ACMEIssuer.Issue(ctx, csr)
	if err != nil && ctx.Err() == nil && strings.Contains(err.Error(), noChains) {
		cert, err = i.ACMEIssuer.Issue(ctx, csr)
	}
	return cert, err
}
