package proxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/need"
)

// TestTLSRefusals: what crypto/tls's client does not do, openssl does: old versions, a
// client that was talked into one, renegotiation.
func TestTLSRefusals(t *testing.T) {
	if err := need.Commands(t.Context(), "openssl=openssl"); err != nil {
		t.Fatal(err)
	}
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	for name, c := range map[string]struct {
		args, ciphers, stdin, says string
	}{
		"1.0":             {"-tls1", "ALL:@SECLEVEL=0", "", "alert protocol version"},
		"1.1":             {"-tls1_1", "ALL:@SECLEVEL=0", "", "alert protocol version"},
		"1.2":             {"-tls1_2", "", "", "New, TLSv1.2"},
		"1.3":             {"-tls1_3", "", "", "New, TLSv1.3"},
		"talked into 1.2": {"-tls1_2 -fallback_scsv", "", "", "alert inappropriate fallback"},
		"renegotiation":   {"-tls1_2", "", "R\n", "alert unexpected message"},
		"CBC": {"-tls1_2", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "",
			"alert handshake failure"},
		"no forward secrecy":   {"-tls1_2", "AES128-GCM-SHA256", "", "alert handshake failure"},
		"nobody's certificate": {"-tls1_2", "aNULL:@SECLEVEL=0", "", "alert handshake failure"},
	} {
		args := append([]string{"s_client", "-connect", f.addr, "-servername", appHost}, strings.Fields(c.args)...)
		if c.ciphers != "" {
			args = append(args, "-cipher", c.ciphers)
		}
		cmd := exec.CommandContext(t.Context(), "openssl", args...)
		cmd.Stdin = strings.NewReader(c.stdin)
		out, _ := cmd.CombinedOutput() // its exit code says little
		if !strings.Contains(string(out), c.says) {
			t.Errorf("%s: openssl does not say %q:\n%s", name, c.says, out)
		}
	}
}

// TestDrippingHandshake: a handshake has its time as a whole, however often something comes.
func TestDrippingHandshake(t *testing.T) {
	f := start(t, func(o *Options) { o.HeaderTimeout = 200 * time.Millisecond })
	hello := wholeHello(t)
	for name, records := range map[string]bool{"bytes": false, "records": true} {
		c, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		closed := newDone(func() { c.Read(make([]byte, 1)) }) // an alert, or the end
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		drip(c, hello, records, closed)
		select {
		case <-closed:
		default:
			t.Errorf("%s: the whole hello was waited for", name)
		}
		c.Close()
	}
	eventually(t, "no connection is left", func() bool { return f.server.conns.Load() == 0 })
}

// drip sends a handshake message bit by bit, until the other side has had enough.
func drip(c net.Conn, hello []byte, records bool, closed <-chan struct{}) {
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for _, b := range hello {
		piece := []byte{b}
		if records {
			piece = []byte{22, 3, 1, 0, 1, b}
		}
		if _, err := c.Write(piece); err != nil {
			return
		}
		select {
		case <-closed:
			return
		case <-pause.C:
		}
	}
}

// wholeHello is what a client begins with, without the head of the record.
func wholeHello(t *testing.T) []byte {
	near, far := net.Pipe()
	defer far.Close()
	go tls.Client(near, &tls.Config{ServerName: appHost}).Handshake()
	buf := make([]byte, 4096)
	n, err := far.Read(buf)
	if err != nil || n < 200 {
		t.Fatal(n, err)
	}
	return buf[5:n]
}

// TestTinyRecords: a request in records of a byte each is a request.
func TestTinyRecords(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	c := f.dial(appHost)
	for _, b := range []byte("GET /x HTTP/1.1\r\nHost: " + appHost + "\r\n\r\n") {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 12)
	if _, err := c.Read(b); err != nil || string(b) != "HTTP/1.1 404" {
		t.Errorf("%q %v", b, err)
	}
}
