package release

import (
	"errors"
	"os"
	"path/filepath"
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
	f.Add(hostile.Zip(f, hostile.App, hostile.Link("l", "bin/app"),
		hostile.Entry{Name: ManifestName, Body: "network = \"port\""}))
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		s, err := Open(filepath.Join(outer, "releases"), testLimits())
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Import(t.Context(), writeZip(t, data))
		var invalid *InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("got %v, want none or an InvalidError", err)
		}
		if left := leftovers(t, s); err != nil && len(left) > 0 {
			t.Fatalf("left behind: %v", left)
		}
		if entries, err := os.ReadDir(outer); err != nil || len(entries) != 1 {
			t.Fatalf("escaped: %v, %v", entries, err)
		}
	})
}
