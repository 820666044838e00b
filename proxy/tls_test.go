package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestTLSVersions: 1.3, and 1.2 with forward secrecy and authenticated encryption.
func TestTLSVersions(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	for name, c := range map[string]struct {
		config   *tls.Config
		protocol string
		ok       bool
	}{
		"1.3, h2": {&tls.Config{MinVersion: tls.VersionTLS13,
			NextProtos: []string{"h2", "http/1.1"}}, "h2", true},
		"1.3, HTTP/1.1": {&tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}},
			"http/1.1", true},
		"1.2, h2": {&tls.Config{MaxVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1", "h2"}}, "h2", true},
		"without ALPN": {&tls.Config{}, "", true},
		"1.2, AES-256": {&tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}, "", true},
		"1.2, ChaCha20": {&tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}}, "", true},
		"1.2, CBC": {&tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, "", false},
		"1.2, no forward secrecy": {&tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, "", false},
		"1.1": {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "",
			false},
		"a protocol we do not speak": {&tls.Config{NextProtos: []string{"spdy/3"}}, "", false},
	} {
		config := c.config.Clone()
		config.RootCAs, config.ServerName = f.roots, appHost
		conn, err := tls.Dial("tcp", f.addr, config)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := conn.ConnectionState().NegotiatedProtocol; got != c.protocol {
			t.Errorf("%s: protocol %q", name, got)
		}
		conn.Close()
	}
}

// TestTickets: a client that comes back is spared the handshake's signature, and its
// ticket is worth nothing once the key that it is sealed with has been rotated out.
func TestTickets(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	now := time.Now()
	server := f.server.tlsConfig("http/1.1")
	server.Time = func() time.Time { return now }
	client := &tls.Config{RootCAs: f.roots, ServerName: appHost, NextProtos: []string{"http/1.1"},
		ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	for _, c := range []struct {
		later   time.Duration
		resumed bool
	}{{0, false}, {time.Hour, true}, {25 * time.Hour, true}, {8 * 24 * time.Hour, false}} {
		now = now.Add(c.later)
		if got := resumed(t, server, client); got != c.resumed {
			t.Errorf("after %v: resumed %v", c.later, got)
		}
	}
}

// resumed shakes hands over a pipe, and lets the client read its next ticket.
func resumed(t *testing.T, server, client *tls.Config) bool {
	t.Helper()
	a, b := net.Pipe()
	failed := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		_, err := s.Write([]byte("x"))
		failed <- errors.Join(err, s.Close())
	}()
	c := tls.Client(b, client)
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	did := c.ConnectionState().DidResume
	go c.Read(make([]byte, 1)) // takes the server's goodbye
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return did
}
