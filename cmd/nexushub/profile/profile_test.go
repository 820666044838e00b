package profile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
