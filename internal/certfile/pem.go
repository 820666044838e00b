package certfile

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/internal/shell"
)

// block is one part of a PEM file.
type block struct {
	kind      string // CERTIFICATE, PRIVATE KEY, ...
	der       []byte
	encrypted bool
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	begin         = []byte("-----BEGIN ")
)

// decode takes a file apart. What editors and `cat` do to such files is harmless and
// accepted: byte order marks, CR LF, text between the parts, a part that begins on the
// line on which the one before it ends.
func decode(path string, data []byte) (list []block, err error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, problem("%s is empty", path)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, problem("%s is in UTF-16, as Windows writes it; convert it: %s -o NEW", path,
			shell.Command("iconv -f UTF-16 -t UTF-8", path))
	}
	rest := bytes.ReplaceAll(data, byteOrderMark, nil)
	rest = bytes.ReplaceAll(rest, []byte("----------BEGIN "), []byte("-----\n-----BEGIN "))
	begun := bytes.Count(rest, begin)
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		list = append(list, block{b.Type, b.Bytes, b.Type == "ENCRYPTED PRIVATE KEY" || b.Headers["DEK-Info"] != ""})
	}
	switch {
	case begun == 0:
		return nil, notPEM(path, data)
	case len(list) < begun:
		return nil, problem("%s is cut off or damaged: of its %d parts, %d can be read; write it again", path, begun, len(list))
	}
	return list, nil
}

// notPEM says what a file is that has no part in PEM form.
func notPEM(path string, data []byte) error {
	if _, err := x509.ParseCertificate(data); err == nil {
		return problem("%s is in DER form, and must be in PEM form; convert it: %s -out NEW", path,
			shell.Command("openssl x509 -inform der -in", path))
	}
	if _, err := parseKey(block{der: data}); err == nil {
		return problem("%s is in DER form, and must be in PEM form; convert it: %s -out NEW", path,
			shell.Command("openssl pkey -inform der -in", path))
	}
	var any asn1.RawValue
	if rest, err := asn1.Unmarshal(data, &any); err == nil && len(rest) == 0 && any.Tag == asn1.TagSequence {
		return problem("%s is neither a certificate nor a key in PEM form, but perhaps PKCS #12 (.pfx); take both out: "+
			"%[2]s -nokeys -out NAME.crt, %[2]s -nocerts -noenc -out NAME.key", path, shell.Command("openssl pkcs12 -in", path))
	}
	return problem("%s holds neither a certificate nor a key in PEM form (a line -----BEGIN ...-----)", path)
}

// kinds lists what a file holds, for a message.
func kinds(list []block) string {
	var names []string
	for _, b := range list {
		names = append(names, b.kind)
	}
	return strings.Join(names, ", ")
}

// noCertificate says what a file without one holds instead.
func noCertificate(path string, list []block) error {
	for _, b := range list {
		switch {
		case isKey(b):
			return problem("%s holds a key and no certificate; is it exchanged with another file?", path)
		case b.kind == "CERTIFICATE REQUEST" || b.kind == "NEW CERTIFICATE REQUEST":
			return problem("%s is a request for a certificate, which an authority answers with the certificate", path)
		case b.kind == "TRUSTED CERTIFICATE":
			return problem("%s is in OpenSSL's own form; convert it: %s -out NEW", path, shell.Command("openssl x509 -in", path))
		case b.kind == "PKCS7":
			return problem("%s is in PKCS #7 form; convert it: %s -out NEW", path,
				shell.Command("openssl pkcs7 -print_certs -in", path))
		}
	}
	return problem("%s holds no certificate, but: %s", path, kinds(list))
}

// noKey says what a file without one holds instead.
func noKey(path string, list []block) error {
	for _, b := range list {
		switch b.kind {
		case "CERTIFICATE":
			return problem("%s holds a certificate and no key; is it exchanged with another file?", path)
		case "PUBLIC KEY", "RSA PUBLIC KEY":
			return problem("%s is a public key; the private key is needed, from which the certificate was requested", path)
		case "OPENSSH PRIVATE KEY":
			return problem("%s is in OpenSSH's own form; convert it: %s", path, shell.Command("ssh-keygen -p -m PEM -f", path))
		}
	}
	return problem("%s holds no private key, but: %s", path, kinds(list))
}

// parts are the certificates of a file, in their order.
func certificates(path string, list []block) (chain, error) {
	var c chain
	for _, b := range list {
		if b.kind != "CERTIFICATE" && b.kind != "X509 CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(b.der)
		if err != nil && strings.Contains(err.Error(), "dNSName is malformed") {
			return nil, problem("certificate %d of %s names a host in letters beyond ASCII, which no client understands; "+
				"request one with the form that DNS has, such as xn--bcher-kva.example for bücher.example", len(c)+1, path)
		}
		if err != nil {
			return nil, problem("certificate %d of %s cannot be parsed: %w", len(c)+1, path, err)
		}
		c = append(c, cert)
	}
	if len(c) == 0 {
		return nil, noCertificate(path, list)
	}
	return c, nil
}

// nameOf is a certificate's name in a message.
func nameOf(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return strings.Join(c.DNSNames, ", ")
	}
	if name := c.Subject.String(); name != "" {
		return name
	}
	return fmt.Sprintf("serial number %x", c.SerialNumber)
}
