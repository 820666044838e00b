package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/nexushub/nexushub/proxy/certs"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/test/need"
)

// TestACME gets certificates from a real authority, by each challenge.
func TestACME(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the authority")
	}
	t.Parallel()
	program, err := need.Tool(t.Context(), need.Pebble)
	if err != nil {
		t.Fatal(err)
	}
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			http, https := listen(t, "tcp", "127.0.0.1:0"), listen(t, "tcp", "127.0.0.1:0")
			ports := map[string]int{"http-01": port(http), "tls-alpn-01": port(https)}
			for other := range ports {
				if other != challenge {
					ports[other] = 1 // where nobody listens
				}
			}
			testACME(t, http, https, challenge, startPebble(t, program, ports["http-01"], ports["tls-alpn-01"]))
		})
	}
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func testACME(t *testing.T, plain, https net.Listener, challenge string, authority *pebble) {
	opt := testOptions(t)
	opt.ACME = certs.ACMEOptions{Directory: authority.directory, CACert: authority.root}
	opt.Listeners = []Listener{{"https", https}}
	if challenge == "http-01" {
		opt.Listeners = append(opt.Listeners, Listener{"http", plain})
	}
	// As another host leaves it that is about to register the same account.
	_, at, _ := strings.Cut(authority.directory, "://")
	users := filepath.Join(opt.StateDir, "acme", "acme", strings.NewReplacer(":", "-", "/", "-").Replace(at), "users")
	if err := os.MkdirAll(filepath.Join(users, "default"), 0o700); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	opt.Ready = func() { close(ready) }
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-ready
	defer func() { cancel(); <-done }()
	route := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	route.Hosts, route.ACME = []string{"app.example.test"}, true
	route.Sites = []proxyctl.Site{{Name: "second.example.test", RedirectTo: "app.example.test"},
		{Name: "path.example.test", Prefix: "/a"}, {Name: "*.example.test"}}
	if err := s.Apply(table(route)); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"app.example.test", "second.example.test", "path.example.test"} {
		certified(t, s, https, host)
	}
	authority.restart() // forgets every account
	route.Hosts = append(route.Hosts, "third.example.test")
	if err := s.Apply(table(route)); err != nil {
		t.Fatal(err)
	}
	certified(t, s, https, "third.example.test")
	if accounts, err := os.ReadDir(users); err != nil || len(accounts) != 1 {
		t.Errorf("accounts %v, %v; want the one that was there", accounts, err)
	}
	list := s.certs.List()
	if len(list) < 3 || list[0].Source != "ACME" || list[0].NotAfter.Before(time.Now()) || list[0].Error != "" {
		t.Errorf("%+v", list)
	}
}

// certified waits until the host has a certificate of the authority.
func certified(t *testing.T, s *Server, https net.Listener, host string) {
	t.Helper()
	eventually(t, host+" has a certificate", func() bool {
		for _, info := range s.certs.List() {
			if info.Error != "" { // the next attempt is a quarter of an hour away
				t.Fatalf("%q: %s", info.Hosts, info.Error)
			}
		}
		c, err := tls.Dial("tcp", https.Addr().String(), &tls.Config{ServerName: host, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		leaf := c.ConnectionState().PeerCertificates[0]
		return strings.Contains(leaf.Issuer.CommonName, "Pebble") && leaf.VerifyHostname(host) == nil
	})
}

// pebble is an authority.
type pebble struct {
	t               *testing.T
	program         string
	args            []string
	address         string
	directory, root string
	cmd             *exec.Cmd
}

// startPebble runs an authority that looks for challenges at the given ports, with a
// name server that leads every name to this host.
func startPebble(t *testing.T, program string, httpPort, tlsPort int) *pebble {
	t.Helper()
	dir := t.TempDir()
	store := certs.Open(certs.Options{StateDir: dir, Domain: "localhost", Log: testOptions(t).Log,
		Subject: func(h string) string { return h }})
	c, err := store.GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", c.Certificate[0])
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", key)
	l := listen(t, "tcp", "127.0.0.1:0")
	address := l.Addr().String()
	l.Close()
	config, _ := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "certificate": filepath.Join(dir, "cert.pem"),
		"privateKey": filepath.Join(dir, "key.pem"),
		"httpPort":   httpPort, "tlsPort": tlsPort,
	}})
	if err := os.WriteFile(filepath.Join(dir, "pebble.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	p := &pebble{
		t: t, program: program, address: address, directory: "https://localhost:" + port + "/dir", root: store.CACert(),
		args: []string{"-config", filepath.Join(dir, "pebble.json"), "-dnsserver", nameServer(t)},
	}
	p.run()
	t.Cleanup(p.stop)
	return p
}

func (p *pebble) run() {
	p.t.Helper()
	p.cmd = exec.Command(p.program, p.args...)
	p.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "pebble listens", func() bool {
		c, err := net.Dial("tcp", p.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (p *pebble) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// restart makes an authority that has forgotten everything.
func (p *pebble) restart() {
	p.t.Helper()
	p.stop()
	p.run()
}

// nameServer answers every question with 127.0.0.1.
func nameServer(t *testing.T) string {
	t.Helper()
	l := listen(t, "tcp", "127.0.0.1:0")
	pc, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			rr, _ := dns.NewRR(fmt.Sprintf("%s 1 IN A 127.0.0.1", q.Question[0].Name))
			m.Answer = append(m.Answer, rr)
		}
		w.WriteMsg(m)
	})
	for _, srv := range []*dns.Server{{PacketConn: pc, Handler: handler}, {Listener: l, Handler: handler}} {
		go srv.ActivateAndServe()
		t.Cleanup(func() { srv.Shutdown() })
	}
	return pc.LocalAddr().String()
}
