package accesstoken

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGrants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for token, life := range map[string]time.Duration{"good": time.Hour, "old": -time.Second} {
		if err := s.Grant(token, Issue{Instance: "app", Expires: time.Now().Add(life)}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *Store, when string) {
		t.Helper()
		for _, c := range []struct {
			token, instance string
			want            bool
		}{{"good", "app", true}, {"good", "", true}, {"good", "other", false}, {"old", "app", false},
			{"bad", "app", false}, {"", "", false}} {
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
	s, err = Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(s, "after a restart")
	b, _ := os.ReadFile(path)
	if strings.Count(string(b), "\n") != 1 {
		t.Errorf("expired and cut lines stay:\n%s", b)
	}
	granted(t, s, path)
	if s.Grant("x", Issue{Instance: "a b", Expires: time.Now()}) == nil {
		t.Error("an instance with a space was accepted")
	}
	info, _ := os.Stat(path)
	if info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
}

// granted makes sure that a token granted behind a cut line is there after a restart.
func granted(t *testing.T, s *Store, path string) {
	t.Helper()
	s.file.f.WriteString("abcd app 99")
	s.file.torn = true
	if err := s.Grant("late", Issue{Instance: "app", Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !again.Valid("late", "app") || !again.Valid("good", "app") {
		t.Error("a token is lost")
	}
}

// A power cut can leave a file whose end is zeros: no newline in a megabyte. Everything else
// that the proxy serves does not depend on it.
func TestZeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	k, g := sumOf("good"), &grant{instance: "app", expires: time.Now().Add(time.Hour)}
	if err := os.WriteFile(path, append([]byte(format(k, g)), make([]byte, 1<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{})
	if err != nil || !s.Valid("good", "app") {
		t.Fatal("after a power cut: ", err)
	}
	s.Close()
}

// TestFullDisk: where no file can be made, the tokens that are there stay good. The
// file's name leaves no room for that of a temporary one.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("t", 250))
	k, g := sumOf("good"), &grant{instance: "app", expires: time.Now().Add(time.Hour)}
	if err := os.WriteFile(path, []byte(format(k, g)+"cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !s.Valid("good", "app") {
			t.Error("a token is lost")
		}
		if err := s.Grant("good", Issue{Instance: "app", Expires: g.expires}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCloseOnAFullDisk: that a slide cannot be stored makes no failure of the proxy's stop.
func TestCloseOnAFullDisk(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "tokens"), Options{MaxSlide: most})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Grant("a", Issue{Instance: admin, Expires: time.Now().Add(life), Slides: true}); err != nil {
		t.Fatal(err)
	}
	u, err := s.Begin("a", admin)
	if err != nil {
		t.Fatal(err)
	}
	u.End(200)
	s.file.f.Close()
	if s.file.f, err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
