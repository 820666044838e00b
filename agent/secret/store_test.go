package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const app = "11111111-1111-4111-8111-111111111111"

func open(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func set(t *testing.T, s *Store, name, kind, value string) {
	t.Helper()
	if err := s.Set(app, name, kind, value); err != nil {
		t.Fatal(err)
	}
}

func TestBothForms(t *testing.T) {
	s, _ := open(t)
	set(t, s, "DB_PASSWORD", Env, "a\"b\\c$d`e\nf")
	set(t, s, "key.pem", Credential, "raw \x01 bytes")
	f, err := s.Files(app)
	if err != nil {
		t.Fatal(err)
	}
	env, _ := os.ReadFile(f.EnvFile)
	if want := "DB_PASSWORD=\"a\\\"b\\\\c\\$d\\`e\nf\"\n"; string(env) != want {
		t.Errorf("env file = %q, want %q", env, want)
	}
	if got, _ := os.ReadFile(f.Credentials["key.pem"]); string(got) != "raw \x01 bytes" {
		t.Errorf("credential = %q", got)
	}
	if len(f.Credentials) != 1 {
		t.Errorf("credentials = %v, want key.pem alone", f.Credentials)
	}
}

func TestVersionChangesWithEveryChange(t *testing.T) {
	s, _ := open(t)
	seen := map[string]bool{"": true}
	look := func() {
		f, err := s.Files(app)
		if err != nil || seen[f.Version] {
			t.Errorf("version %q seen before, %v", f.Version, err)
		}
		seen[f.Version] = true
	}
	set(t, s, "A", Env, "1")
	look()
	set(t, s, "A", Env, "1")
	look()
	set(t, s, "B", Env, "2")
	look()
	if err := s.Remove(app, "B"); err != nil {
		t.Fatal(err)
	}
	look()
	if err := s.Remove(app, "B"); !errors.Is(err, ErrNotFound) {
		t.Errorf("second removal = %v, want not found", err)
	}
}

func TestNobodyElseCanRead(t *testing.T) {
	s, dir := open(t)
	set(t, s, "A", Env, "canary")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, e := d.Info()
		if e == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return errors.Join(err, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(filepath.Join(dir, app, "index.json"))
	if strings.Contains(string(raw), "canary") {
		t.Error("the index holds a value")
	}
}

func TestRefusals(t *testing.T) {
	s, _ := open(t)
	for _, c := range []struct{ name, kind, value string }{
		{"A B", Env, "x"}, {"../x", Credential, "x"}, {"", Env, "x"}, {"A", "other", "x"},
		{".hidden", Credential, "x"}, {"A", Env, "a\x00b"}, {"A", Credential, strings.Repeat("x", maxTotal+1)},
	} {
		if err := s.Set(app, c.name, c.kind, c.value); !errors.Is(err, ErrInvalid) {
			t.Errorf("Set(%q, %q) = %v, want invalid", c.name, c.kind, err)
		}
	}
	if list, err := s.List(app); len(list) != 0 || err != nil {
		t.Errorf("list = %v, %v; want nothing", list, err)
	}
}
