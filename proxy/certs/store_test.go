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
	return Open(Options{Dir: dir, StateDir: state, Domain: "d.localhost", Log: slog.New(slog.DiscardHandler),
		Subject: func(h string) string {
			if strings.HasSuffix(h, ".d.localhost") || strings.HasSuffix(h, ".example") {
				return h
			}
			return ""
		}})
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
		"unknown.org": "d.localhost *.d.localhost", "": "d.localhost *.d.localhost",
	} {
		if got := names(t, s, sni); got != want {
			t.Errorf("%q gets %q, want %q", sni, got, want)
		}
	}
	writePair(t, dir, "default", "fallback.example")
	s.Reload()
	if got := names(t, s, "unknown.org"); got != "fallback.example" {
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
	if got := told(s); !strings.Contains(got, "a.crt: ") || !strings.Contains(got, "the pair from before is presented") {
		t.Error("the fault is not listed:", got)
	}
	writePair(t, dir, "a", "a.example")
	s.Reload()
	if now, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example"}); now == old {
		t.Error("the new pair was not taken")
	}
	os.Remove(filepath.Join(dir, "b.crt"))
	s.Reload()
	if i := s.files.Load().find("b.example", time.Now()); i != nil {
		t.Error("a removed pair is still used")
	}
}

// told is what is wrong with files.
func told(s *Store) string { return strings.Join(s.Problems(), "\n") }

// A pair that cannot be used takes nobody down but its own hosts, at a start too: the others get
// their own, and its hosts what they would get if it were not there.
func TestFaultsAtStart(t *testing.T) {
	for name, spoil := range map[string]func(dir string){
		"key missing": func(dir string) { os.Remove(filepath.Join(dir, "a.key")) },
		"key of other": func(dir string) {
			writePair(t, dir, "b", "b.x")
			os.Rename(filepath.Join(dir, "b.key"), filepath.Join(dir, "a.key"))
		},
		"garbage": func(dir string) { put(t, filepath.Join(dir, "a.crt"), []byte("x")) },
		"folder":  func(dir string) { os.Remove(filepath.Join(dir, "a.crt")); os.Mkdir(filepath.Join(dir, "a.crt"), 0o755) },
		"link": func(dir string) {
			os.Remove(filepath.Join(dir, "a.crt"))
			os.Symlink("no", filepath.Join(dir, "a.crt"))
		},
	} {
		dir := t.TempDir()
		writePair(t, dir, "a", "a.example")
		spoil(dir)
		writePair(t, dir, "good", "good.example")
		s := open(t, dir, t.TempDir())
		got := names(t, s, "good.example")
		if got != "good.example" || s.files.Load().find("good.example", time.Now()) == nil {
			t.Errorf("%s: the good host gets %s", name, got)
		}
		c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example"})
		if err != nil || c.Leaf.Issuer.CommonName == "" || c.Leaf.VerifyHostname("a.example") != nil {
			t.Errorf("%s: its own host gets %v, %v; want a certificate of the local authority", name, c, err)
		}
		if got := told(s); !strings.Contains(got, "a.crt: ") {
			t.Errorf("%s: told %q", name, got)
		}
	}
}

// Nor does a folder that is closed or gone, in a process that has read it before.
func TestFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writePair(t, dir, "a", "a.example")
	s := open(t, dir, t.TempDir())
	old := s.files.Load().find("a.example", time.Now())
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	if old == nil || s.files.Load().find("a.example", time.Now()) != old ||
		!strings.Contains(told(s), "the folder is missing") {
		t.Errorf("told %q", told(s))
	}
	if err := os.Rename(dir+".old", dir); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	if got := told(s); got != "" {
		t.Errorf("told %q", got)
	}
}

// Everything that is wrong is told to whoever asked, when it changes, and named in the same order.
func TestProblemsAreReported(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "a", "a.example")
	writePair(t, dir, "b", "b.example")
	put(t, filepath.Join(dir, "a.crt"), []byte("x"))
	put(t, filepath.Join(dir, "b.crt"), []byte("x"))
	var calls [][]string
	s := Open(Options{Dir: dir, StateDir: t.TempDir(), Domain: "d", Log: slog.New(slog.DiscardHandler),
		Subject: func(h string) string { return h }, Problems: func(list []string) { calls = append(calls, list) }})
	s.Reload()
	writePair(t, dir, "a", "a.example")
	s.Reload()
	if len(calls) != 2 || len(calls[0]) != 2 || !strings.Contains(calls[0][0], "a.crt") || len(calls[1]) != 1 {
		t.Errorf("%q", calls)
	}
}

// Time alone does not keep the other hosts from being served. The host itself keeps its
// certificate, with which clients say what is wrong, unless there is another for it.
func TestExpired(t *testing.T) {
	dir := t.TempDir()
	writePairFor(t, dir, "a", -time.Minute, "a.example", "a.d.localhost")
	writePair(t, dir, "good", "good.example")
	writePair(t, dir, "wild", "*.d.localhost")
	writePairFor(t, dir, "wild too", -time.Minute, "*.example") // no better than the exact name
	s := open(t, dir, t.TempDir())
	if got := told(s); !strings.Contains(got, "a.crt: expired on") {
		t.Errorf("told %q", got)
	}
	for sni, want := range map[string]string{
		"good.example": "good.example", "a.example": "a.example a.d.localhost", "a.d.localhost": "*.d.localhost",
	} {
		if got := names(t, s, sni); got != want {
			t.Errorf("%s gets %q, want %q", sni, got, want)
		}
	}
	writePairFor(t, dir, "good", -time.Minute, "good.example")
	s.Reload()
	if got := told(s); !s.files.Load().find("good.example", time.Now()).Current(time.Now()) ||
		!strings.Contains(got, "good.crt: expired") || !strings.Contains(got, "the pair from before") {
		t.Errorf("an expired pair has taken the place of a good one: told %q", got)
	}
	writePairFor(t, dir, "a", -time.Minute, "a.example", "b.example")
	s.Reload()
	if got := names(t, s, "a.example"); got != "a.example b.example" {
		t.Errorf("an expired pair keeps the place of its successor: %s", got)
	}
}

// Of two files for one host the one that is valid longer is presented; the other is no fault.
func TestTwoForOneHost(t *testing.T) {
	dir := t.TempDir()
	writePairFor(t, dir, "a", -time.Minute, "shop.example")
	writePairFor(t, dir, "b", 2*time.Hour, "shop.example")
	writePairFor(t, dir, "c", time.Hour, "shop.example", "c.example")
	s := open(t, dir, t.TempDir())
	if got := s.files.Load().find("shop.example", time.Now()); got.Name != "b" {
		t.Errorf("%s is presented", got.Path)
	}
	if got := told(s); got != "" {
		t.Errorf("told %q", got)
	}
	notes := ""
	for _, i := range s.List() {
		notes += filepath.Base(i.Path) + ": " + i.Note + "\n"
	}
	want := "a.crt: shop.example gets " + dir + "/b.crt\nb.crt: \nc.crt: shop.example gets " + dir + "/b.crt\n"
	if !strings.HasPrefix(notes, want) {
		t.Errorf("notes:\n%swant:\n%s", notes, want)
	}
}

// An authority that cannot be used takes down only the hosts that have nothing else, and is left
// as it is; once it is restored they are served.
func TestDamagedAuthority(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	writePair(t, dir, "a", "a.example")
	open(t, dir, state)
	path := filepath.Join(state, "ca", "root.key")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"damaged": func() error { return os.WriteFile(path, []byte("x"), 0o600) },
		"missing": func() error { return os.Remove(path) },
	} {
		root, err := os.ReadFile(filepath.Join(state, "ca", "root.crt"))
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, state)
		if got := names(t, s, "a.example"); got != "a.example" {
			t.Errorf("%s: the good host gets %s", name, got)
		}
		if c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "b.example"}); err == nil {
			t.Errorf("%s: %v for a host without one", name, c.Leaf.DNSNames)
		}
		if got := told(s); !strings.Contains(got, "root.crt: the local authority cannot be used") {
			t.Errorf("%s: told %q", name, got)
		}
		if now, err := os.ReadFile(filepath.Join(state, "ca", "root.crt")); err != nil || string(now) != string(root) {
			t.Errorf("%s: the root has changed, %v", name, err)
		}
		put(t, path, key)
		s.ca.tried = time.Now().Add(time.Hour)
		if c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "b.example"}); err == nil {
			t.Errorf("%s: a handshake has the authority read again: %v", name, c.Leaf.DNSNames)
		}
		s.ca.tried = time.Time{}
		s.Reload()
		if got := names(t, s, "b.example"); got != "b.example" || told(s) != "" {
			t.Errorf("%s: after it was restored b.example gets %s, told %q", name, got, told(s))
		}
	}
}

// A file of the authority that is asked for certificates concerns nobody who has one.
func TestACMEAuthorityUnusable(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "ca.pem"), []byte("x"))
	a, err := NewACME(ACMEOptions{Directory: "https://127.0.0.1:1/dir", CACert: filepath.Join(dir, "ca.pem"),
		Dir: filepath.Join(dir, "acme"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.hosts["a.example"] = func() {}
	a.obtain(t.Context(), "a.example")
	if got := a.List()[0].Error; !strings.Contains(got, "ca_cert") || !strings.Contains(got, "ca.pem holds neither") {
		t.Errorf("told %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "acme", "backoff.json")); err == nil {
		t.Error("it counts as a refusal of the authority")
	}
}
