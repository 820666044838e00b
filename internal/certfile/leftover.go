package certfile

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/shell"
)

// leftOver says whether a file under a name that is not read was meant to be: it holds a
// key or a host's certificate that no pair has.
func (r *reader) leftOver(name string, pairs []*Pair) *Fault {
	path := filepath.Join(r.dir, name)
	if name, ok := strings.CutSuffix(name, ".key"); ok {
		return r.loneKey(path, name, pairs)
	}
	if !slices.Contains(otherEndings, strings.ToLower(filepath.Ext(name))) {
		return nil
	}
	list, err := r.blocks(path)
	switch {
	case errors.Is(err, errNoFile):
		return nil
	case err != nil:
		return &Fault{Path: path, Problem: "is not read: " + names + "; " + err.Error()}
	}
	return wanted(path, list, pairs)
}

// otherEndings are what certificates and keys are called elsewhere.
var otherEndings = []string{
	".pem", ".cer", ".cert", ".crt", ".key", ".der", ".p12", ".pfx", ".p7b", ".p7c", ".chain", ".fullchain", ".privkey",
}

// loneKey is about NAME.key without NAME.crt.
func (r *reader) loneKey(path, name string, pairs []*Pair) *Fault {
	certPath := filepath.Join(r.dir, name+".crt")
	if _, err := r.content(certPath); !errors.Is(err, fs.ErrNotExist) {
		return nil // its pair has said what there is to say
	}
	if list, err := r.blocks(path); err == nil && slices.ContainsFunc(list, func(b block) bool { return isOf(b, pairs) }) {
		return nil
	}
	return &Fault{Path: path, Problem: "is a key without its certificate: " + certPath + " is missing"}
}

// wanted says what a file of another name should be called, unless a pair has what it holds.
func wanted(path string, list []block, pairs []*Pair) *Fault {
	var hosts []string
	cert, key := false, false
	for _, b := range list {
		if isOf(b, pairs) {
			return nil
		}
		key = key || isKey(b)
		if c, err := x509.ParseCertificate(b.der); err == nil && b.kind == "CERTIFICATE" && !c.IsCA {
			cert, hosts = true, chain{c}.hosts()
		}
	}
	call := "NAME"
	if len(hosts) > 0 {
		call = strings.TrimPrefix(hosts[0], "*.")
	}
	call = filepath.Join(filepath.Dir(path), call)
	rename := func(ending string) string {
		return "is not read: " + names + "; rename it: " + shell.Command("mv", path, call+ending)
	}
	switch {
	case cert:
		return &Fault{Path: path, Hosts: hosts, Problem: rename(".crt")}
	case key:
		return &Fault{Path: path, Problem: rename(".key")}
	}
	return nil // an authority's certificate, parameters, a request
}

// isOf says whether a part is the own certificate or the key of a pair.
func isOf(b block, pairs []*Pair) bool {
	var is func(*x509.Certificate) bool
	if key, err := parseKey(b); err == nil && isKey(b) {
		is = func(c *x509.Certificate) bool { return belongs(c, key) }
	} else if b.kind == "CERTIFICATE" {
		is = func(c *x509.Certificate) bool { return string(c.Raw) == string(b.der) }
	} else {
		return false
	}
	return slices.ContainsFunc(pairs, func(p *Pair) bool { return is(p.Cert.Leaf) })
}
