package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// TestCertificates: a pair of files is loaded without a restart, and only when it is valid;
// unknown names get nothing, and plain HTTP redirects to HTTPS.
func TestCertificates(t *testing.T) {
	onSuitesAtOnce(t, web, func(t *testing.T, h *host) {
		if cn := h.presented(t, "web."+domain); cn == "one" {
			t.Fatalf("certificate %q before it was there", cn)
		}
		open := h.client(t, false)
		do(t, open, "GET", "web", "/", "")
		for _, name := range []string{"one", "two"} {
			crt, key := pair(t, name, "web."+domain)
			h.certificate(t, crt, key)
			h.awaitCertificate(t, name)
		}
		h.certificate(t, []byte("damaged"), []byte("damaged"))
		lab.Within(t, soon, "the damaged pair is reported", func() error {
			out, err := h.Try(t, "journalctl", "-q", "-u", "nexushub-proxy", "--grep", "certificate not loaded")
			if err == nil && out == "" {
				err = errors.New("nothing in the journal")
			}
			return err
		})
		h.awaitCertificate(t, "two")
		if out, err := h.TrySh(t, "! nexushub cert check 2>&1"); err != nil || !strings.Contains(out, "web.crt") {
			t.Errorf("cert check: %v\n%s", err, out)
		}
		if got := do(t, open, "GET", "web", "/", ""); got.StatusCode != http.StatusOK {
			t.Errorf("a connection that was open: %s", got.Status)
		}
		crt, key := pair(t, "three", "web."+domain)
		h.certificate(t, crt, key)
		h.awaitCertificate(t, "three")
		h.Must(t, "nexushub", "cert", "check")
		if out := h.Must(t, "nexushub", "cert", "list"); !strings.Contains(out, "web."+domain) {
			t.Errorf("cert list: %s", out)
		}
		t.Run("files", func(t *testing.T) { files(t, h) })
		t.Run("names", func(t *testing.T) { names(t, h) })
		t.Run("plain HTTP", func(t *testing.T) { plain(t, h) })
		t.Run("addresses", func(t *testing.T) { addresses(t, h) })
	})
}

// certificate is put where the administrator's certificates are, key first.
func (h *host) certificate(t *testing.T, crt, key []byte) {
	t.Helper()
	for name, data := range map[string][]byte{"web.key": key, "web.crt": crt} {
		h.WriteMode(t, "/etc/nexushub/certs/."+name, data, 0o640)
	}
	h.Sh(t, "cd /etc/nexushub/certs; chgrp _nexushub-proxy .web.*; mv .web.key web.key; mv .web.crt web.crt")
}

func (h *host) awaitCertificate(t *testing.T, want string) {
	t.Helper()
	lab.Within(t, soon, "clients get the certificate "+want, func() error {
		if got := h.presented(t, "web."+domain); got != want {
			return fmt.Errorf("certificate of %q", got)
		}
		return nil
	})
}

// presented is the issuer's name in the certificate that a client gets.
func (h *host) presented(t *testing.T, name string) string {
	t.Helper()
	c, err := h.handshake(t, name)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Issuer.CommonName
}

func (h *host) handshake(t *testing.T, name string) (*tls.Conn, error) {
	raw, err := h.DialContext(t.Context(), "tcp", "proxy"+port)
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, &tls.Config{ServerName: name, InsecureSkipVerify: true}) // looks at what is presented
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if err := c.HandshakeContext(t.Context()); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// names: a connection for a name that nobody serves gets no application, whatever
// Host its requests have; nor does a served name's connection for another Host.
func names(t *testing.T, h *host) {
	for _, c := range []struct{ sni, host string }{{"nobody." + domain, "web." + domain},
		{"web." + domain, "nobody." + domain}} {
		conn, err := h.handshake(t, c.sni)
		if err != nil {
			if c.sni == "web."+domain {
				t.Errorf("SNI %s: %v", c.sni, err)
			}
			continue // nobody's name is refused even earlier
		}
		fmt.Fprintf(conn, "GET /public/x HTTP/1.1\r\nHost: %s%s\r\nConnection: close\r\n\r\n", c.host, port)
		answer, err := io.ReadAll(conn)
		conn.Close()
		if len(answer) < 12 || string(answer[9:12]) != "421" {
			t.Errorf("SNI %s, Host %s: %.200q, %v", c.sni, c.host, answer, err)
		}
	}
}

// openPort80 does what the socket's unit file says.
func (h *host) openPort80(t *testing.T) {
	t.Helper()
	h.Sh(t, "systemctl enable nexushub-proxy-http.socket; systemctl stop nexushub-proxy.service; systemctl start nexushub-proxy-http.socket nexushub-proxy.service")
}

func plain(t *testing.T, h *host) {
	h.openPort80(t)
	for url, want := range map[string]string{
		"http://web." + domain + "/a/b?c=d": "https://web." + domain + port + "/a/b?c=d",
		"http://nobody." + domain + "/":     "",
	} {
		resp, err := h.h1.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		redirected := resp.StatusCode >= 301 && resp.StatusCode <= 308
		if resp.Header.Get("Location") != want || redirected != (want != "") {
			t.Errorf("%s: %s to %q, want %q", url, resp.Status, resp.Header.Get("Location"), want)
		}
	}
}

// addresses: the proxy serves wherever the administrator makes PID 1 listen.
func addresses(t *testing.T, h *host) {
	all := []string{"127.0.0.1:8443", "[::1]:8443", "127.0.0.2:9443"}
	h.Write(t, "/etc/systemd/system/nexushub-proxy.socket.d/addresses.conf",
		"[Socket]\nListenStream=\nListenStream="+strings.Join(all, "\nListenStream=")+"\n")
	h.Sh(t, "systemctl daemon-reload; systemctl stop nexushub-proxy.service; systemctl restart nexushub-proxy.socket; systemctl start nexushub-proxy.service")
	for _, address := range all {
		out, err := h.Try(t, "curl", "-sSk", "--connect-to", "::"+address, "https://web."+domain+port+"/public/x")
		if err != nil || !strings.Contains(out, `"label":"one"`) {
			t.Errorf("%s: %v %s", address, err, out)
		}
	}
}

// pair makes a certificate for a host, signed by an authority of the given name.
func pair(t *testing.T, issuer, host string) (crt, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	parent := *tmpl
	parent.Subject.CommonName = issuer
	der, err := x509.CreateCertificate(rand.Reader, tmpl, &parent, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}
