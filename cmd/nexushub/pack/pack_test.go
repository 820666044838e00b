package pack

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func zipOf(t *testing.T, dir string) Package {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p, err := Zip(t.Context(), dir, out)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(t *testing.T, p Package) (out []string) {
	t.Helper()
	r, err := zip.OpenReader(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		out = append(out, f.Name+" "+f.Mode().String())
	}
	return out
}

func TestZipIsTheSameEveryTime(t *testing.T) {
	dir := tree(t, map[string]string{"bin/app": "x", "static/index.html": "<p>", "static/a.png": "png"})
	one := zipOf(t, dir)
	now := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "bin/app"), now, now); err != nil {
		t.Fatal(err)
	}
	if two := zipOf(t, dir); one.SHA256 != two.SHA256 || one.MD5 != two.MD5 || one.Size != two.Size {
		t.Errorf("got %+v and %+v", one, two)
	}
	f, err := os.Open(one.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if again, err := Hash(f); err != nil || again.SHA256 != one.SHA256 {
		t.Errorf("hash of the file: %+v, %v", again, err)
	}
}

func TestZipKeepsModesAndLinks(t *testing.T) {
	dir := tree(t, map[string]string{"bin/app": "x", "lib/a": "y"})
	if err := os.Symlink("a", filepath.Join(dir, "lib/b")); err != nil {
		t.Fatal(err)
	}
	want := []string{"bin/app -rwxr-xr-x", "lib/a -rw-r--r--", "lib/b Lrwxrwxrwx"}
	if got := names(t, zipOf(t, dir)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestZipRefuses(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := Zip(t.Context(), t.TempDir(), out); err == nil {
		t.Error("an empty folder was packed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Zip(ctx, tree(t, map[string]string{"a": "b"}), out); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestIgnore(t *testing.T) {
	for rules, cases := range map[string]map[string]bool{
		"*.log":              {"a.log": true, "x/y/b.log": true, "a.logs": false},
		"/build":             {"build": true, "x/build": false},
		"tmp/":               {"tmp/": true, "x/tmp/": true, "tmp": false},
		"src/**/test":        {"src/test": true, "src/a/b/test": true, "test": false},
		"docs/**":            {"docs/a": true, "docs/a/b": true, "docs": false},
		"*.js\n!keep.js":     {"a.js": true, "x/keep.js": false},
		"# note\n\n  a.txt ": {"a.txt": true, "# note": false},
		"":                   {".git/": true, ".nexushubignore": true, ".gitignore": false},
	} {
		dir := tree(t, map[string]string{IgnoreFile: rules})
		list, err := readIgnore(dir)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range cases {
			plain, isDir := strings.CutSuffix(name, "/")
			if got := list.match(plain, isDir); got != want {
				t.Errorf("%q on %q: got %v", rules, name, got)
			}
		}
	}
}

func TestBadPatternNamesItsLine(t *testing.T) {
	dir := tree(t, map[string]string{IgnoreFile: "ok\n[a\n"})
	if _, err := readIgnore(dir); err == nil || !strings.Contains(err.Error(), IgnoreFile+":2:") {
		t.Errorf("got %v", err)
	}
}

func FuzzIgnore(f *testing.F) {
	f.Add("a/**/b", "a/x/y/b")
	f.Add("!**", "x")
	f.Fuzz(func(t *testing.T, rule, name string) {
		if len(rule) > 64 || len(name) > 64 {
			return
		}
		if p, ok, err := parsePattern(rule); err == nil && ok {
			ignore{p}.match(name, false)
		}
	})
}

// Root packs a developer's folder while he turns his names to what is root's.
func TestNothingIsPackedThroughALink(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "shadow")
	dir := tree(t, map[string]string{"static/index.html": "mine", "static/shadow": "mine", "d/shadow": "mine"})
	if err := errors.Join(os.WriteFile(secret, []byte("root:$y$"), 0o600), os.Symlink(secret, filepath.Join(dir, "l")),
		os.Symlink(filepath.Dir(secret), filepath.Join(dir, "e"))); err != nil {
		t.Fatal(err)
	}
	done, stopped := make(chan struct{}), sync.WaitGroup{}
	stopped.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, dir+"/static/shadow", unix.AT_FDCWD, dir+"/l", unix.RENAME_EXCHANGE)
				_ = unix.Renameat2(unix.AT_FDCWD, dir+"/d", unix.AT_FDCWD, dir+"/e", unix.RENAME_EXCHANGE)
			}
		}
	})
	for range 300 {
		out, err := os.Create(filepath.Join(t.TempDir(), "out.zip"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Zip(t.Context(), dir, out); err == nil {
			holdsOnly(t, out.Name(), "mine", secret, filepath.Dir(secret))
		}
		out.Close()
	}
	close(done)
	stopped.Wait()
}

func holdsOnly(t *testing.T, path string, allowed ...string) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if in.Close(); err != nil || !slices.Contains(allowed, string(got)) {
			t.Errorf("%s holds %q, %v", f.Name, got, err)
		}
	}
}

func TestAPipeIsNotPacked(t *testing.T) {
	dir := tree(t, map[string]string{"bin/app": "x"})
	if err := unix.Mkfifo(filepath.Join(dir, IgnoreFile), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Zip(t.Context(), dir, nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a FIFO for %s: %v", IgnoreFile, err)
	}
}

// What the agent counts is counted here alike: folders that no entry names, too.
func TestMeasureCountsWhatWillExist(t *testing.T) {
	p := zipOf(t, tree(t, map[string]string{"bin/app": "x", "lib/a/b/c": "12345", "lib/a/b/d": "", "top": "1"}))
	f, err := os.Open(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := Measure(f, p.Size)
	if want := (Contents{Entries: 8, Unpacked: 7, Largest: "lib", InLargest: 5}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := Measure(strings.NewReader("no zip"), 6); err == nil {
		t.Error("measured what is no zip")
	}
}
