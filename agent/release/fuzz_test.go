package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

// FuzzImport feeds archives to an empty store: whatever they hold, nothing appears
// outside the release, and a refused archive leaves nothing.
func FuzzImport(f *testing.F) {
	for _, h := range hostile.Archives() {
		if data := h.Make(f); len(data) < 64<<10 {
			f.Add(data)
		}
	}
	f.Add(hostile.Zip(f, hostile.App, hostile.Link("l", "/usr/bin/env"), hostile.Link("m", "d/../l")))
	f.Add(hostile.Zip(f, hostile.App, hostile.Link("l", "bin/app"),
		hostile.Entry{Name: ManifestName, Body: "network = \"port\""}))
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		s, err := Open(filepath.Join(outer, "releases"), testLimits())
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Import(t.Context(), writeZip(t, data))
		var invalid *InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("got %v, want none or an InvalidError", err)
		}
		if left := leftovers(t, s); err != nil && len(left) > 0 {
			t.Fatalf("left behind: %v", left)
		}
		if err == nil {
			checkLinks(t, r.Dir)
		}
		if entries, err := os.ReadDir(outer); err != nil || len(entries) != 1 {
			t.Fatalf("escaped: %v, %v", entries, err)
		}
	})
}

// checkLinks wants every link to lead below hostRoot by its own text, or to stay inside
// wherever the kernel follows it without leaving by such a link.
func checkLinks(t *testing.T, dir string) {
	host, relative := false, []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() != fs.ModeSymlink {
			return err
		}
		to, err := os.Readlink(path)
		if !filepath.IsAbs(to) {
			relative = append(relative, path)
		} else if host = true; to != hostRoot && !strings.HasPrefix(filepath.Clean(to), hostRoot+"/") {
			t.Fatalf("%s leads to %s", path, to)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range relative {
		end, err := filepath.EvalSymlinks(path)
		if err == nil && !host && end != dir && !strings.HasPrefix(end, dir+"/") {
			t.Fatalf("%s leads to %s", path, end)
		}
	}
}
