package programs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// internet lets a machine, which has no network of its own, reach some sites as every host does: by https, at a public
// address, because builds reach no other. It ends when the machine reboots.
func internet(t *testing.T, h *lab.Host, sites ...string) {
	t.Helper()
	const address = "8.8.4.4"
	cert, authority := certificate(t, sites)
	h.Write(t, "/usr/local/share/ca-certificates/internet.crt", authority)
	h.Sh(t, "update-ca-certificates; ip address add "+address+"/32 dev lo; echo "+address+" "+strings.Join(sites, " ")+" >>/etc/hosts")
	l, err := h.Listen("tcp", address+":443")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: forward(sites), TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(l, "", "") // until it is closed
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}

// forward asks the real site.
func forward(sites []string) http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "https", Host: r.In.Host})
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(sites, r.Host) {
			http.Error(w, r.Host+" is not reached from here", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// certificate is for some sites, and its own authority.
func certificate(t *testing.T, sites []string) (cert tls.Certificate, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: sites, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	template.Subject.CommonName = "the internet of a test"
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
