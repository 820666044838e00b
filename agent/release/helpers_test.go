package release

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

func writeZip(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "package.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func testLimits() Limits {
	return Limits{MaxEntries: hostile.MaxEntries, MaxUnpacked: hostile.MaxUnpacked, MaxRatio: hostile.MaxRatio}
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

func openRoot(tb testing.TB) *os.Root {
	tb.Helper()
	root, err := os.OpenRoot(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { root.Close() })
	return root
}
