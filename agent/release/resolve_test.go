package release

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/hostile"
)

func setModified(when time.Time) func(*zip.FileHeader) {
	return func(h *zip.FileHeader) { h.Modified = when }
}

func TestResolveFolder(t *testing.T) {
	s := openStore(t, testLimits())
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/app", "one")
	first, err := s.Resolve(t.Context(), dir)
	if err != nil || !first.Runs || first.Dir != dir {
		t.Fatalf("got %+v, %v", first, err)
	}
	same, err := s.Resolve(t.Context(), dir)
	if err != nil || same.Hash != first.Hash {
		t.Errorf("unchanged folder: got %s, want %s, %v", same.Hash, first.Hash, err)
	}
	write("bin/app", "longer")
	changed, err := s.Resolve(t.Context(), dir)
	if err != nil || changed.Hash == first.Hash {
		t.Errorf("changed folder kept its hash, %v", err)
	}
	write(ManifestName, "wrong = 1")
	if _, err := s.Resolve(t.Context(), dir); err == nil {
		t.Error("bad manifest accepted")
	}
}

func TestResolveZip(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.App))
	first, err := s.Resolve(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Resolve(t.Context(), path)
	if err != nil || again.Hash != first.Hash {
		t.Errorf("got %+v, %v", again, err)
	}
	if err := os.WriteFile(path, hostile.Zip(t, hostile.App, hostile.Entry{Name: "more"}), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := s.Resolve(t.Context(), path)
	if err != nil || other.Hash == first.Hash {
		t.Errorf("changed zip: got %+v, %v", other, err)
	}
}

func TestFingerprintIsCheapAndComplete(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	seen := map[string]string{}
	step := func(what string, change func() error) {
		t.Helper()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		d, err := beneath.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		sum, err := Fingerprint(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s have one fingerprint", what, other)
		}
		seen[sum] = what
	}
	step("empty", func() error { return nil })
	step("file", func() error { return os.WriteFile(file, []byte("x"), 0o600) })
	step("size", func() error { return os.WriteFile(file, []byte("xy"), 0o600) })
	step("mode", func() error { return os.Chmod(file, 0o700) })
	step("time", func() error { return os.Chtimes(file, time.Time{}, time.Unix(1, 0)) })
	step("name", func() error { return os.Rename(file, filepath.Join(dir, "g")) })
	step("link", func() error { return os.Symlink("g", filepath.Join(dir, "l")) })
}
