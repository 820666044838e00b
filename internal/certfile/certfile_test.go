package certfile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/readable"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

var (
	intermediate = newAuthority("Intermediate", time.Now().Add(24*time.Hour))
	former       = newAuthority("Former", time.Now().Add(-time.Hour))
)

func newAuthority(name string, until time.Time) authority {
	key := ecKey(elliptic.P256())
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until}
	return authority{issue(tmpl, tmpl, key, key), key}
}

func issue(tmpl, parent *x509.Certificate, key, signer crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func ecKey(c elliptic.Curve) crypto.Signer {
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// leaf is a certificate for a host, changed as the case wants it.
func (a authority) leaf(key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a.example"},
		DNSNames: []string{"a.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if change != nil {
		change(tmpl)
	}
	return issue(tmpl, a.cert, key, a.key)
}

func certPEM(list ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range list {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}

func pkcs8(key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return der
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func keyPEM(key any) string { return pemOf("PRIVATE KEY", pkcs8(key)) }

// write puts files, by name, into a folder of their own.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFolder(t *testing.T, dir string) Folder {
	t.Helper()
	f, err := ReadFolder(dir, readable.Self())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// told is every sentence about a folder.
func told(f Folder) string {
	var list []string
	for _, fault := range f.Faults {
		list = append(list, fault.Error())
	}
	for _, p := range f.Pairs {
		if text := p.Problem(time.Now()); text != "" {
			list = append(list, p.Path+": "+text)
		}
	}
	return strings.Join(list, "\n")
}

// Files as people have them: each is taken, or has a sentence of its own that says what to do.
func TestFiles(t *testing.T) {
	key := ecKey(elliptic.P256())
	ec := key.(*ecdsa.PrivateKey)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	leaf := intermediate.leaf(key, nil)
	of := func(change func(*x509.Certificate)) string {
		return certPEM(intermediate.leaf(key, change), intermediate.cert)
	}
	chain, k := certPEM(leaf, intermediate.cert), keyPEM(key)
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	const bom = "\xef\xbb\xbf"
	for name, c := range map[string]struct {
		crt, key string
		hosts    string // of the pair; empty: there is none
		want     string // in what is said; several sentences divided by |; empty: nothing is said
	}{
		"plain":               {chain, k, "a.example", ""},
		"leaf only":           {certPEM(leaf), k, "a.example", ""},
		"pkcs1":               {certPEM(intermediate.leaf(rsaKey, nil)), pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "a.example", ""},
		"sec1 after params":   {chain, pemOf("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}) + pemOf("EC PRIVATE KEY", sec1), "a.example", ""},
		"ed25519":             {certPEM(intermediate.leaf(ed, nil)), keyPEM(ed), "a.example", ""},
		"crlf":                {crlf(chain), crlf(k), "a.example", ""},
		"bom":                 {bom + certPEM(leaf) + bom + certPEM(intermediate.cert), bom + k, "a.example", ""},
		"no line between":     {strings.TrimSuffix(certPEM(leaf), "\n") + certPEM(intermediate.cert), k, "a.example", ""},
		"text between":        {"subject=/CN=a.example\n" + chain + "\nthe end\n", "Bag Attributes\n" + k, "a.example", ""},
		"old label":           {pemOf("X509 CERTIFICATE", leaf.Raw), k, "a.example", ""},
		"combined":            {k + chain, k + chain, "a.example", ""},
		"combined in one":     {k + chain, "", "a.example", ""},
		"upper":               {of(func(c *x509.Certificate) { c.DNSNames = []string{"UPPER.Example", "upper.example"} }), k, "upper.example", ""},
		"idn":                 {of(func(c *x509.Certificate) { c.DNSNames = []string{"xn--bcher-kva.example"} }), k, "xn--bcher-kva.example", ""},
		"wildcard":            {of(func(c *x509.Certificate) { c.DNSNames = []string{"*.wild.example"} }), k, "*.wild.example", ""},
		"underscore":          {of(func(c *x509.Certificate) { c.DNSNames = []string{"my_app.example"} }), k, "my_app.example", ""},
		"with address":        {of(func(c *x509.Certificate) { c.IPAddresses = []net.IP{{127, 0, 0, 1}} }), k, "a.example", ""},
		"empty":               {"", k, "", "a.crt: is empty"},
		"empty key":           {chain, " \n", "", "a.key is empty"},
		"garbage":             {"x", k, "", "a.crt: holds neither a certificate nor a key in PEM form"},
		"garbage key":         {chain, "half a ke", "", "a.key holds neither"},
		"utf-16":              {"\xff\xfe-\x00-\x00", k, "", "a.crt: is in UTF-16|iconv"},
		"der":                 {string(leaf.Raw), k, "", "a.crt: is in DER form|openssl x509 -inform der"},
		"der key":             {chain, string(pkcs8(key)), "", "a.key is in DER form|openssl pkey -inform der"},
		"pkcs12":              {"\x30\x03\x02\x01\x03", k, "", "PKCS #12|openssl pkcs12"},
		"pkcs7":               {pemOf("PKCS7", []byte{1}), k, "", "openssl pkcs7 -print_certs"},
		"trusted":             {pemOf("TRUSTED CERTIFICATE", leaf.Raw), k, "", "OpenSSL's own form|openssl x509 -in"},
		"request":             {pemOf("CERTIFICATE REQUEST", []byte{1}), k, "", "is a request"},
		"parameters only":     {pemOf("DH PARAMETERS", []byte{1}), k, "", "holds no certificate, but: DH PARAMETERS"},
		"cut off":             {chain[:len(chain)-80], k, "", "a.crt: is cut off or damaged"},
		"damaged":             {pemOf("CERTIFICATE", []byte{1, 2}), k, "", "certificate 1 of|cannot be parsed"},
		"encrypted":           {chain, pemOf("ENCRYPTED PRIVATE KEY", []byte{1}), "", "a.key is encrypted|openssl pkey -in"},
		"encrypted pkcs1":     {chain, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "", "a.key is encrypted|openssl pkey -in"},
		"openssh":             {chain, pemOf("OPENSSH PRIVATE KEY", []byte{1}), "", "OpenSSH's own form|ssh-keygen"},
		"public key":          {chain, pemOf("PUBLIC KEY", public), "", "a.key is a public key"},
		"exchanged":           {k, chain, "", "a.crt: holds a key and no certificate; is it exchanged"},
		"two certificates":    {chain, chain, "", "a.key holds a certificate and no key"},
		"key missing":         {chain, "-", "", "a.key is missing"},
		"certificate missing": {"-", k, "", "a.key: is a key without its certificate|a.crt is missing"},
		"other's key":         {chain, keyPEM(ecKey(elliptic.P256())), "", "does not belong to the certificate|a.example|openssl pkey -pubout"},
		"wrong order":         {certPEM(intermediate.cert, leaf), k, "", "wrong order|a.example|must be the first and is number 2"},
		"p-224":               {certPEM(leaf), keyPEM(ecKey(elliptic.P224())), "", "a kind that cannot be served|P-256"},
		"cn only":             {of(func(c *x509.Certificate) { c.DNSNames = nil }), k, "", "clients ignore the common name (CN=a.example)|subjectAltName=DNS:a.example"},
		"addresses only": {of(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{{192, 0, 2, 1}} }), k, "",
			"names only addresses (192.0.2.1)|subjectAltName"},
		"expired":       {of(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), k, "a.example", "expired on|clients refuse it"},
		"not yet valid": {of(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), k, "a.example", "is not valid before|the clock"},
		"chain expired": {certPEM(former.leaf(key, nil), former.cert), k, "a.example", "certificate 2 of its chain (CN=Former) expired on"},
		"name that no client takes": {of(func(c *x509.Certificate) { c.DNSNames = []string{"a.example", "w*.example"} }), k, "a.example w*.example",
			`clients do not understand the name "w*.example"`},
		"for clients only": {of(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), k, "a.example",
			"not for servers"},
		"without its authority": {certPEM(intermediate.leaf(key, func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://x"} })), k,
			"a.example", "(CN=Intermediate) is not in the file|fullchain.pem"},
		"with its authority": {of(func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://x"} }), k, "a.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"a.crt": c.crt, "a.key": c.key}
			for file, text := range files {
				if text == "-" || name == "combined in one" && file == "a.key" {
					delete(files, file)
				}
			}
			f := readFolder(t, write(t, files))
			got := ""
			for _, p := range f.Pairs {
				got = strings.Join(p.Hosts, " ")
			}
			if got != c.hosts {
				t.Errorf("hosts %q, want %q", got, c.hosts)
			}
			text := told(f)
			if c.want == "" && text != "" {
				t.Errorf("said: %s", text)
			}
			for want := range strings.SplitSeq(c.want, "|") {
				if !strings.Contains(text, want) {
					t.Errorf("said: %s\nwant: %s", text, want)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than one line: %s", text)
			}
		})
	}
}

// What Go does not make: a key of 1024 bits with a signature by SHA-1, and a name in UTF-8.
func TestFilesOfOthers(t *testing.T) {
	for file, sentences := range map[string][]string{
		"weak":    {"has 1024 bits, and most clients refuse", "signed with SHA1-RSA"},
		"unicode": {"names a host in letters beyond ASCII", "xn--bcher-kva.example"},
	} {
		text, err := os.ReadFile("testdata/" + file + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		said := told(readFolder(t, write(t, map[string]string{file + ".crt": string(text)})))
		for _, want := range sentences {
			if !strings.Contains(said, want) {
				t.Errorf("said: %s\nwant: %s", said, want)
			}
		}
	}
}

// A fault of the key still says which hosts it concerns.
func TestFaultNamesHosts(t *testing.T) {
	key := ecKey(elliptic.P256())
	f := readFolder(t, write(t, map[string]string{"a.crt": certPEM(intermediate.leaf(key, nil))}))
	if len(f.Faults) != 1 || strings.Join(f.Faults[0].Hosts, " ") != "a.example" {
		t.Errorf("%+v", f.Faults)
	}
}

// A pair for whoever fits nothing else need not name anybody.
func TestDefaultWithoutNames(t *testing.T) {
	key := ecKey(elliptic.P256())
	crt := certPEM(intermediate.leaf(key, func(c *x509.Certificate) { c.DNSNames = nil }))
	f := readFolder(t, write(t, map[string]string{"default.crt": crt, "default.key": keyPEM(key)}))
	if len(f.Pairs) != 1 || told(f) != "" {
		t.Errorf("%+v, %s", f.Pairs, told(f))
	}
}

// What was meant to be read and is not is said, with the name that it should have; what lies
// there for another reason is not.
func TestOtherNames(t *testing.T) {
	key, other := ecKey(elliptic.P256()), ecKey(elliptic.P256())
	crt, k := certPEM(intermediate.leaf(key, nil), intermediate.cert), keyPEM(key)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // about each file in the order of names
	}{
		"certbot": {map[string]string{"fullchain.pem": crt, "privkey.pem": k, "chain.pem": certPEM(intermediate.cert)},
			[]string{"/a.example.crt", "/NAME.key"}},
		"haproxy":         {map[string]string{"a.pem": crt + k}, []string{"/a.example.crt"}},
		"capital letters": {map[string]string{"a.CRT": crt, "A.KEY": k}, []string{"/NAME.key", "/a.example.crt"}},
		"windows":         {map[string]string{"a.pfx": "\x30\x03\x02\x01\x03"}, []string{"PKCS #12"}},
		"copies":          {map[string]string{"a.crt": crt, "a.key": k, "fullchain.pem": crt, "privkey.pem": k, "b.key": k}, nil},
		"other things": {map[string]string{"README": "x", "a.crt.bak": crt, ".a.crt": "half", "a.csr": "x",
			"dh.pem": pemOf("DH PARAMETERS", []byte{1})}, nil},
		"key of nobody":     {map[string]string{"a.crt": crt, "a.key": k, "b.key": keyPEM(other)}, []string{"b.crt is missing"}},
		"named differently": {map[string]string{"a.crt": crt, "a.pem": k}, []string{"a.key is missing", "/NAME.key"}},
	} {
		f := readFolder(t, write(t, c.files))
		if len(f.Faults) != len(c.want) {
			t.Errorf("%s: %s\nwant %d", name, told(f), len(c.want))
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(f.Faults[i].Problem, want) {
				t.Errorf("%s: %s\nwant %s", name, f.Faults[i], want)
			}
		}
	}
}

// What is closed to the user is named, with the folder on the way and the remedy.
func TestClosed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("judges for another user")
	}
	key := ecKey(elliptic.P256())
	crt, k := certPEM(intermediate.leaf(key, nil)), keyPEM(key)
	base := t.TempDir()
	for p := base; p != os.TempDir() && p != "/"; p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(base, "certs")
	put := func(path, text string, mode fs.FileMode) {
		t.Helper()
		path = filepath.Join(base, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600),
			os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	put("certs/good.crt", crt, 0o644)
	put("certs/good.key", k, 0o644)
	put("certs/perm.crt", crt, 0o644)
	put("certs/perm.key", k, 0o600)
	put("certs/crt.crt", crt, 0o600)
	put("certs/crt.key", k, 0o644)
	put("archive/lnk/full.pem", crt, 0o644)
	put("archive/lnk/priv.pem", k, 0o600)
	for link, target := range map[string]string{
		"certs/lnk.crt": "../archive/lnk/full.pem", "certs/lnk.key": "../archive/lnk/priv.pem",
		"certs/gone.crt": "/nowhere/x.pem",
	} {
		if err := os.Symlink(target, filepath.Join(base, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.crt"), 0o644); err != nil {
		t.Fatal(err)
	}
	stranger := readable.User{Name: ProxyUser, ID: 54321, Groups: []uint32{54321}}
	sentences := func() string {
		t.Helper()
		f, err := ReadFolder(dir, stranger)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Pairs) != 1 || f.Pairs[0].Name != "good" {
			t.Errorf("pairs %+v", f.Pairs)
		}
		return told(f)
	}
	text := sentences()
	for _, want := range []string{
		"may not read " + dir + "/perm.key (mode 0600); chgrp _nexushub-proxy " + dir + "/perm.key && chmod 0640 " + dir + "/perm.key",
		"may not read " + dir + "/crt.crt (mode 0600)",
		"may not read " + base + "/archive/lnk/priv.pem (mode 0600), to which " + dir + "/lnk.key leads; copy the file",
		dir + "/gone.crt: leads to /nowhere/x.pem, which is not there",
		dir + "/fifo.crt: is not a file",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("said:\n%s\nwant: %s", text, want)
		}
	}
	if err := os.Chmod(filepath.Join(base, "archive"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := "may not pass the folder " + base + "/archive (mode 0700), through which " + dir + "/lnk.crt leads; copy the file"
	if text := sentences(); !strings.Contains(text, want) || !strings.Contains(text,
		"install -m 0640 -g _nexushub-proxy "+base+"/archive/lnk/full.pem "+dir+"/lnk.crt") {
		t.Errorf("said:\n%s\nwant: %s", text, want)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := ReadFolder(dir, stranger)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "chmod g+rx "+dir) {
		t.Errorf("a closed folder: %v", err)
	}
	if _, err := ReadFolder(filepath.Join(base, "no"), stranger); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// The owner's chmod is a change like any other.
func TestStamp(t *testing.T) {
	dir := write(t, map[string]string{"a.crt": "x"})
	before := Stamp(dir)
	if Stamp(dir) != before {
		t.Fatal("it changes by itself")
	}
	if err := os.Chmod(filepath.Join(dir, "a.crt"), 0o640); err != nil {
		t.Fatal(err)
	}
	if Stamp(dir) == before {
		t.Error("a mode that has changed is not noticed")
	}
}

func FuzzPair(f *testing.F) {
	key := ecKey(elliptic.P256())
	crt, k := certPEM(intermediate.leaf(key, nil), intermediate.cert), keyPEM(key)
	f.Add([]byte(crt), []byte(k))
	f.Add([]byte(k+crt), []byte(nil))
	f.Add(intermediate.cert.Raw, pkcs8(key))
	f.Fuzz(func(t *testing.T, crt, key []byte) {
		p := &Pair{Name: "a", Path: "a.crt"}
		list, err := decode("a.crt", crt)
		if err != nil {
			return
		}
		if p.chain, err = certificates("a.crt", list); err != nil {
			return
		}
		keys, err := decode("a.key", key)
		if err != nil {
			return
		}
		if p.finish("a.key", keys) == nil && (p.Cert == nil || !bytes.Equal(p.Cert.Certificate[0], p.Cert.Leaf.Raw)) {
			t.Errorf("%+v", p)
		}
		wanted("x.pem", list, nil)
	})
}
