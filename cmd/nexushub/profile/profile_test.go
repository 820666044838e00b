package profile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProfileKeepsTokensToItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nexushub", "profile.json")
	p, err := Load(path)
	if err != nil || len(p.Hosts) != 0 {
		t.Fatalf("without a file: %+v, %v", p, err)
	}
	p.Default = "a"
	p.Hosts["a"] = Host{URL: "https://a", Token: "t"}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("got %v, %v", info.Mode(), err)
	}
	if q, err := Load(path); err != nil || q.Default != "a" || q.Hosts["a"].Token != "t" {
		t.Fatalf("got %+v, %v", q, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a profile for everybody: %v", err)
	}
}

func TestRootsRefuseRubbish(t *testing.T) {
	if _, err := (Host{CACert: "x"}).Roots(); err == nil {
		t.Error("rubbish was trusted")
	}
	if roots, err := (Host{}).Roots(); roots != nil || err != nil {
		t.Errorf("got %v, %v", roots, err)
	}
}

// With sudo -E the home is another user's, who may have put anything there.
func TestAnothersHomeIsLeftAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := own(dir, info); err != nil {
		t.Errorf("my own: %v", err)
	}
	if err := own(dir, foreign{info}); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "sudo -H") {
		t.Errorf("another's: %v", err)
	}
	path := filepath.Join(dir, "profile.json")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil {
		t.Error("a FIFO was read")
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.Remove(path), os.WriteFile(victim, []byte("mine"), 0o644),
		os.Symlink(victim, path)); err != nil {
		t.Fatal(err)
	}
	if err := (Profile{}).Save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); string(got) != "mine" || err != nil {
		t.Errorf("through a link: %q, %v", got, err)
	}
}

type foreign struct{ os.FileInfo }

func (foreign) Sys() any { return &syscall.Stat_t{Uid: uint32(os.Geteuid()) + 1} }
