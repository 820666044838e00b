package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/config"
)

// The folder is the proxy's: nothing there keeps the agent waiting or leads it elsewhere.
func TestTheProxysRootIsReadWithCare(t *testing.T) {
	dir := t.TempDir()
	cert := filepath.Join(dir, "ca/root.crt")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.Mkdir(filepath.Dir(cert), 0o755), unix.Mkfifo(cert, 0o666),
		os.WriteFile(secret, []byte("root's"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); got != nil {
		t.Errorf("a FIFO: %q", got)
	}
	if err := errors.Join(os.Remove(cert), os.Symlink(secret, cert)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); got != nil {
		t.Errorf("a link: %q", got)
	}
	if err := errors.Join(os.Remove(cert), os.WriteFile(cert, []byte("PEM"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); string(got) != "PEM" {
		t.Errorf("%q", got)
	}
}

// The admin service is reached through the proxy of this host, wherever its name leads, and
// the proxy's certificate is checked: against its own authority or the folder cert_dir.
func TestDialProxyChecksTheCertificate(t *testing.T) {
	proxy := httptest.NewTLSServer(nil)
	defer proxy.Close()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	for _, c := range []struct {
		name, file string // where the certificate lies, in the folder of the host
		trusted    bool
	}{
		{"example.com", "certs/own.crt", true},
		{"example.com", "state/ca/root.crt", true},
		{"example.com", "certs/own.txt", false},
		{"internal.invalid", "certs/own.crt", false}, // of another name
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, c.file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, root, 0o644)); err != nil {
			t.Fatal(err)
		}
		d := &daemon{conf: config.Default()}
		d.conf.Proxy.CertDir, d.conf.Proxy.StateDir = filepath.Join(dir, "certs"), filepath.Join(dir, "state")
		conn, err := d.dialProxy(c.name, proxy.Listener.Addr().String())(t.Context(), "tcp", c.name+":443")
		if err == nil {
			conn.Close()
		}
		var unknown x509.UnknownAuthorityError
		var other x509.HostnameError
		if refused := errors.As(err, &unknown) || errors.As(err, &other); (err == nil) != c.trusted ||
			err != nil && !refused {
			t.Errorf("%s, certificate in %s: %v", c.name, c.file, err)
		}
	}
}
