package access

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGrants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for token, life := range map[string]time.Duration{"good": time.Hour, "old": -time.Second} {
		if err := s.Grant(token, "app", time.Now().Add(life)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *Store, when string) {
		t.Helper()
		for _, c := range []struct {
			token, instance string
			want            bool
		}{{"good", "app", true}, {"good", "", true}, {"good", "other", false}, {"old", "app", false}, {"bad", "app", false}, {"", "", false}} {
			if s.Valid(c.token, c.instance) != c.want {
				t.Errorf("%s: %q for %q", when, c.token, c.instance)
			}
		}
	}
	check(s, "at once")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("abcd app 99") // cut by a crash
	f.Close()
	s, err = Open(path)
	if err != nil {
		t.Fatal(err)
	}
	check(s, "after a restart")
	b, _ := os.ReadFile(path)
	if strings.Count(string(b), "\n") != 1 {
		t.Errorf("expired and cut lines stay:\n%s", b)
	}
	if s.Grant("x", "a b", time.Now()) == nil {
		t.Error("an instance with a space was accepted")
	}
	info, _ := os.Stat(path)
	if info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
}
