package debug_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

// zipFolder packs a folder with its modes and links.
func zipFolder(t testing.TB, dir string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return addFile(w, dir, path)
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func addFile(w *zip.Writer, dir, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	header, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	if header.Name, err = filepath.Rel(dir, path); err != nil {
		return err
	}
	header.Method = zip.Deflate
	f, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	data := []byte(nil)
	if info.Mode()&fs.ModeSymlink != 0 {
		var target string
		target, err = os.Readlink(path)
		data = []byte(target)
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := need.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// hello is the Go example, as `make examples` builds it.
func hello(t testing.TB) []byte { return zipFolder(t, filepath.Join(lab.Dist(), "examples/hello")) }

// site is the example of nothing but files.
func site(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "static"), os.DirFS(filepath.Join(root(t), "examples/site"))); err != nil {
		t.Fatal(err)
	}
	return zipFolder(t, dir)
}

var nodeOnce sync.Once

// node is the example with libraries from npm.
func node(t testing.TB) []byte {
	t.Helper()
	dir := filepath.Join(lab.Dist(), "examples/node")
	nodeOnce.Do(func() { buildNode(t, filepath.Join(root(t), "examples/node"), dir) })
	return zipFolder(t, dir)
}

func buildNode(t testing.TB, from, to string) {
	t.Helper()
	if err := need.Commands(t.Context(), "npm=npm"); err != nil {
		t.Fatal(err)
	}
	script := `set -e
mkdir -p "$2"; cp -r "$1"/* "$2"/; cd "$2"
npm ci --omit=dev --ignore-scripts --engine-strict=false --no-audit --no-fund
rm -rf node_modules/node-linux-*/include node_modules/node-linux-*/share`
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it asks a registry
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c", script, "sh", from, to).CombinedOutput()
	if err != nil {
		t.Fatalf("npm: %v\n%s", err, out)
	}
}
