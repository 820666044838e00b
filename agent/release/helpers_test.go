package release

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// entry is one entry of a test archive.
type entry struct {
	name   string
	body   string
	mode   fs.FileMode // 0: regular 0644
	header func(*zip.FileHeader)
}

var app = entry{name: "bin/app", body: "#!/bin/sh\n", mode: 0o755}

func buildZip(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode == 0 {
			e.mode = 0o644
		}
		h.SetMode(e.mode)
		if e.header != nil {
			e.header(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write([]byte(e.body)); err != nil && e.body != "" {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func writeZip(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "package.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func testLimits() Limits {
	return Limits{MaxEntries: 100, MaxUnpacked: 4 << 20, MaxRatio: 200}
}

func openStore(tb testing.TB, limits Limits) *Store {
	tb.Helper()
	s, err := Open(filepath.Join(tb.TempDir(), "releases"), limits)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// leftovers lists what an import must not leave behind.
func leftovers(tb testing.TB, s *Store) []string {
	tb.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != metaDir {
			names = append(names, e.Name())
		}
	}
	return names
}
