package release

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/hostile"
)

// Each of ten thousand links walks through all the others: worked out once each, that is
// as many steps as there are bytes, and the number of links on the way still counts.
func TestLinksAreWorkedOutOnce(t *testing.T) {
	const n = 2000
	entries := []hostile.Entry{hostile.App}
	for i := range n {
		target := strings.Repeat(fmt.Sprintf("l%d/../", i+1), 300) + fmt.Sprintf("l%d", i+1)
		e := hostile.Link(fmt.Sprintf("l%d", i), target)
		e.Header = func(h *zip.FileHeader) { h.Method = zip.Store }
		entries = append(entries, e)
	}
	s := openStore(t, Limits{})
	_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, entries...)))
	var invalid *InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "too many links") {
		t.Errorf("got %v, want too many links", err)
	}
}

// A Python environment links to the host's Python. Whoever reads the release as root or as
// the proxy meets the link and does not follow it.
func TestLinksToTheHostsPrograms(t *testing.T) {
	s := openStore(t, testLimits())
	links := map[string]string{
		"venv/bin/python3": "/usr/bin/python3", "venv/bin/python": "python3", "venv/bin/python3.11": "python3",
		"venv/lib64": "lib", "node_modules": "/usr/share/nodejs/", "share": "/usr/local/share", "express": "node_modules/express",
		"static-tools/sed": "/usr/bin/sed",
	}
	entries := []hostile.Entry{
		{Name: ManifestName, Body: `exec = ["venv/bin/python", "app.py"]`}, {Name: "app.py"}, {Name: "venv/lib/x.py"},
		{Name: "static/index.html"},
	}
	for name, to := range links {
		entries = append(entries, hostile.Link(name, to))
	}
	r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, entries...)))
	if err != nil || !r.Runs || !r.Static {
		t.Fatalf("%+v, %v", r, err)
	}
	for name, want := range links {
		if to, err := os.Readlink(filepath.Join(r.Dir, name)); err != nil || to != want {
			t.Errorf("%s leads to %q, %v; want %q", name, to, err, want)
		}
	}
	dir, err := beneath.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for name := range links {
		f, _, err := dir.Inside(name)
		if inside := name == "venv/lib64"; inside != (err == nil) || !inside && !errors.Is(err, beneath.ErrLink) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestImportIsBoundedInTime(t *testing.T) {
	limits := testLimits()
	limits.MaxTime = time.Nanosecond
	s := openStore(t, limits)
	_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App)))
	if !errors.Is(err, ErrTooSlow) || !strings.Contains(err.Error(), "package.max_time") {
		t.Errorf("got %v, want ErrTooSlow", err)
	}
	if left := leftovers(t, s); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestLinksAreBounded: to follow a link costs as much as its text is long.
func TestLinksAreBounded(t *testing.T) {
	limits := testLimits()
	limits.MaxNames = 100
	_, err := openStore(t, limits).Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App,
		hostile.Link("a", strings.Repeat("./", 30)+"bin"), hostile.Link("b", strings.Repeat("./", 30)+"bin"))))
	if err == nil || !strings.Contains(err.Error(), "package.max_names") {
		t.Errorf("got %v", err)
	}
}
