package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writePair(t *testing.T, dir, name string, hosts ...string) {
	t.Helper()
	writePairFor(t, dir, name, time.Hour, hosts...)
}

func writePairFor(t *testing.T, dir, name string, life time.Duration, hosts ...string) {
	t.Helper()
	tmpl := template(life)
	tmpl.DNSNames = hosts
	c, err := sign(tmpl, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: c.Certificate[0]}))
	put(t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir, state string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, StateDir: state, Domain: "d.localhost", Log: slog.New(slog.DiscardHandler),
		Known: func(h string) bool { return strings.HasSuffix(h, ".d.localhost") || h == "known.example" }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(t *testing.T, s *Store, sni string) string {
	t.Helper()
	c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: sni})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(c.Leaf.DNSNames, " ")
}

func TestChoice(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "exact", "a.d.localhost", "b.example")
	writePair(t, dir, "wild", "*.d.localhost")
	s := open(t, dir, t.TempDir())
	if s.CACert() != "" {
		t.Error("an authority was made that nobody needs")
	}
	for sni, want := range map[string]string{
		"a.d.localhost": "a.d.localhost b.example", "A.D.localhost.": "a.d.localhost b.example",
		"c.d.localhost": "*.d.localhost", "b.example": "a.d.localhost b.example",
		"x.y.d.localhost": "x.y.d.localhost", "known.example": "known.example",
		"unknown.example": "d.localhost *.d.localhost", "": "d.localhost *.d.localhost",
	} {
		if got := names(t, s, sni); got != want {
			t.Errorf("%q gets %q, want %q", sni, got, want)
		}
	}
	writePair(t, dir, "default", "fallback.example")
	s.Reload()
	if got := names(t, s, "unknown.example"); got != "fallback.example" {
		t.Error("default:", got)
	}
}

func TestLocalCA(t *testing.T) {
	state := t.TempDir()
	s := open(t, t.TempDir(), state)
	rootPEM, err := os.ReadFile(s.CACert())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(rootPEM)
	for _, host := range []string{"a.d.localhost", "d.localhost", "x.y.d.localhost", "known.example"} {
		c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: host})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: pool}); err != nil {
			t.Error(host, err)
		}
	}
	for file, mode := range map[string]os.FileMode{"root.crt": 0o644, "root.key": 0o600} {
		if info, err := os.Stat(filepath.Join(state, "ca", file)); err != nil || info.Mode().Perm() != mode {
			t.Error(file, info, err)
		}
	}
	again, _ := os.ReadFile(open(t, t.TempDir(), state).CACert())
	if string(again) != string(rootPEM) {
		t.Error("a second start made another root")
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "a", "a.example")
	s := open(t, dir, t.TempDir())
	writePair(t, dir, "b", "b.example")
	s.Reload()
	if got := names(t, s, "b.example"); got != "b.example" {
		t.Error("new pair:", got)
	}
	old, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example"})
	put(t, filepath.Join(dir, "a.key"), []byte("half a ke"))
	s.Reload()
	if now, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example"}); now != old {
		t.Error("the old pair did not stay")
	}
	faults := ""
	for _, i := range s.List() {
		faults += i.Error
	}
	if !strings.Contains(faults, "a.crt") {
		t.Error("the fault is not listed:", faults)
	}
	writePair(t, dir, "a", "a.example")
	s.Reload()
	if now, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example"}); now == old {
		t.Error("the new pair was not taken")
	}
	os.Remove(filepath.Join(dir, "b.crt"))
	s.Reload()
	if got := names(t, s, "b.example"); got == "b.example" {
		t.Error("a removed pair is still used")
	}
}

// A pair that cannot be used stops the start with one line that names it.
func TestFaultsAtStart(t *testing.T) {
	for name, spoil := range map[string]func(dir string){
		"key missing": func(dir string) { os.Remove(filepath.Join(dir, "a.key")) },
		"key of other": func(dir string) {
			writePair(t, dir, "b", "b.x")
			os.Rename(filepath.Join(dir, "b.key"), filepath.Join(dir, "a.key"))
		},
		"garbage": func(dir string) { put(t, filepath.Join(dir, "a.crt"), []byte("x")) },
	} {
		dir := t.TempDir()
		writePair(t, dir, "a", "a.example")
		spoil(dir)
		writePair(t, dir, "good", "good.example")
		_, err := Open(Options{Dir: dir, StateDir: t.TempDir(), Domain: "d", Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "a.crt") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every pair that cannot be used is named at once, always in the same order.
func TestFaultsAtStartAllNamed(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.crt"), []byte("x"))
	put(t, filepath.Join(dir, "b.crt"), []byte("x"))
	_, err := Open(Options{Dir: dir, StateDir: t.TempDir(), Domain: "d", Log: slog.New(slog.DiscardHandler)})
	if err == nil || strings.Index(err.Error(), "a.crt") > strings.Index(err.Error(), "b.crt") {
		t.Error(err)
	}
}

// Time alone does not keep the other hosts from being served.
func TestExpiredAtStart(t *testing.T) {
	dir := t.TempDir()
	writePairFor(t, dir, "a", -time.Minute, "a.example")
	writePair(t, dir, "good", "good.example")
	s := open(t, dir, t.TempDir())
	told := ""
	for _, i := range s.List() {
		told += i.Error
	}
	if !strings.Contains(told, "a.crt: expired") || s.files.Load().find("good.example") == nil {
		t.Errorf("told %q", told)
	}
}
