// Package certfile reads the certificates that an operator has put into a folder, and says
// in one sentence what is wrong with a file and what to do about it. The proxy presents
// what it returns; `nexushub verify` reads the same as the proxy would.
package certfile

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"
)

// ProxyUser is who reads the files on an installed host.
const ProxyUser = "_nexushub-proxy"

// Default is the name of the pair for clients that name no host of ours.
const Default = "default"

// maxFile is what is read of one file: a chain takes a few KiB.
const maxFile = 1 << 20

// Pair is a certificate with its key that can be presented.
type Pair struct {
	Name  string // of its files, without .crt
	Path  string // of the certificate
	Cert  *tls.Certificate
	Hosts []string // that it names: lower case, exact or "*." for one label

	objections []string // of clients, which time does not change
	chain      chain
}

// Fault is a file that cannot be used.
type Fault struct {
	Path    string
	Hosts   []string // that its certificate names, as far as that can be told
	Problem string   // and what to do
}

func (f Fault) Error() string { return f.Path + ": " + f.Problem }

// Current says whether now is between the dates of the certificate.
func (p *Pair) Current(now time.Time) bool { return outOfDate(p.Cert.Leaf, now) == "" }

// Problem says why clients refuse the certificate although it can be presented; empty: they
// do not, as far as can be told from here.
func (p *Pair) Problem(now time.Time) string {
	list := p.objections
	if text := outOfDate(p.Cert.Leaf, now); text != "" {
		list = append([]string{text + ", and clients refuse it; put the renewed one into its place"}, list...)
	}
	for i, c := range p.chain[1:] {
		if text := outOfDate(c, now); text != "" {
			list = append(list[:len(list):len(list)], fmt.Sprintf(
				"certificate %d of its chain (%s) %s, and most clients refuse it; get the present chain from your authority",
				i+2, nameOf(c), text))
		}
	}
	return strings.Join(list, "; ")
}

// problem is an error whose text is a whole sentence for the operator.
func problem(format string, args ...any) error { return fmt.Errorf(format, args...) }

// finish checks that the parts of the pair fit together.
func (p *Pair) finish(keyPath string, keys []block) error {
	key, err := privateKey(keyPath, keys)
	if err != nil {
		return err
	}
	if err := p.chain.checkKey(p.Path, keyPath, key); err != nil {
		return err
	}
	if p.Name != Default {
		if err := p.chain.checkNames(p.Path); err != nil {
			return err
		}
	}
	p.Cert = &tls.Certificate{PrivateKey: key, Leaf: p.chain[0]}
	for _, c := range p.chain {
		p.Cert.Certificate = append(p.Cert.Certificate, c.Raw)
	}
	p.objections = p.chain.objections()
	return nil
}
