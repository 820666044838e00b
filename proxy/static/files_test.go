package static

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func site(t *testing.T) (dir string, f *Files) {
	t.Helper()
	outside := t.TempDir()
	dir = filepath.Join(outside, "static")
	write(t, filepath.Join(outside, "secret.txt"), "secret")
	for name, text := range map[string]string{
		"index.html": "<p>home", "a.txt": "0123456789", "app.js": "let x", "app.js.br": "BR", "app.js.gz": "GZ",
		"old.css": "new", "old.css.gz": "OLD",
		"sub/index.html": "sub", "sub/b.json": "{}", "with space.txt": "space", "noindex/x": "x", "app.wasm": "w",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	past := time.Now().Add(-time.Hour)
	os.Chtimes(filepath.Join(dir, "old.css.gz"), past, past)
	os.Symlink("../secret.txt", filepath.Join(dir, "out.txt"))
	os.Symlink("/etc/passwd", filepath.Join(dir, "abs.txt"))
	os.Symlink("a.txt", filepath.Join(dir, "in.txt"))
	os.Symlink("..", filepath.Join(dir, "up"))
	return dir, New(dir)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ask(f *Files, method, path string, header map[string]string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://x/", nil)
	r.URL.Path = path
	for k, v := range header {
		r.Header.Set(k, v)
	}
	file, err := f.Open(path)
	if err != nil {
		w.WriteHeader(404)
		return w
	}
	file.ServeHTTP(w, r)
	return w
}

func TestFiles(t *testing.T) {
	_, f := site(t)
	cases := []struct {
		path   string
		status int
		body   string
		kind   string
	}{
		{"/", 200, "<p>home", "text/html; charset=utf-8"},
		{"/index.html", 200, "<p>home", "text/html; charset=utf-8"},
		{"/a.txt", 200, "0123456789", "text/plain; charset=utf-8"},
		{"/in.txt", 200, "0123456789", "text/plain; charset=utf-8"},
		{"/sub/", 200, "sub", "text/html; charset=utf-8"},
		{"/sub", 301, "", ""},
		{"/sub/b.json", 200, "{}", "application/json"},
		{"/app.wasm", 200, "w", "application/wasm"},
		{"/with%20space.txt", 200, "space", "text/plain; charset=utf-8"},
		{"//a.txt", 200, "0123456789", ""},
		{"/noindex/", 404, "", ""},
		{"/noindex/x", 200, "x", "application/octet-stream"},
		{"/missing", 404, "", ""},
		{"/a.txt/x", 404, "", ""},
		{"/out.txt", 404, "", ""},
		{"/abs.txt", 404, "", ""},
		{"/up/secret.txt", 404, "", ""},
		{"/../secret.txt", 404, "", ""},
		{"/sub/../../secret.txt", 404, "", ""},
		{"/%2e%2e/secret.txt", 404, "", ""},
		{"/..%2fsecret.txt", 404, "", ""},
		{"/..\\secret.txt", 404, "", ""},
		{"/a.txt%00", 404, "", ""},
		{"/%zz", 404, "", ""},
		{"a.txt", 404, "", ""},
	}
	for _, c := range cases {
		w := ask(f, "GET", c.path, nil)
		if w.Code != c.status || (c.status == 200 && w.Body.String() != c.body) ||
			(c.kind != "" && w.Header().Get("Content-Type") != c.kind) {
			t.Errorf("%s: %d %q %s", c.path, w.Code, w.Body, w.Header().Get("Content-Type"))
		}
		if c.status == 200 && (w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("ETag") == "" ||
			w.Header().Get("Last-Modified") == "") {
			t.Errorf("%s: headers %v", c.path, w.Header())
		}
	}
}

// TestNoFiles: what is neither file nor folder is not there, whether one asks for it or
// it lies beside what one asks for, and nobody waits for it, also when it takes a
// file's place at the last moment.
func TestNoFiles(t *testing.T) {
	dir, f := site(t)
	for _, name := range []string{"pipe", "a.txt.gz", "pipes/index.html"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink("../secret.txt", filepath.Join(dir, "a.txt.br"))
	for path, status := range map[string]int{"/pipe": 404, "/pipes/": 404, "/a.txt.gz": 404, "/a.txt.br": 404,
		"/a.txt": 200} {
		if w := ask(f, "GET", path, map[string]string{"Accept-Encoding": "br, gzip"}); w.Code != status ||
			strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	ended, swapped := make(chan struct{}), filepath.Join(dir, "swapped")
	go func() {
		defer close(ended)
		for range 2000 {
			os.Remove(swapped)
			os.WriteFile(swapped, nil, 0o644) //nolint:errcheck // the next one will do
			os.Remove(swapped)
			syscall.Mkfifo(swapped, 0o644) //nolint:errcheck // as well
		}
	}()
	for running := true; running; {
		if file, err := f.Open("/swapped"); err == nil {
			if !file.info.Mode().IsRegular() {
				t.Error("a pipe is served")
			}
			file.Close()
		}
		select {
		case <-ended:
			running = false
		default:
		}
	}
}

func TestReadFileIsBounded(t *testing.T) {
	dir, f := site(t)
	os.Truncate(filepath.Join(dir, "a.txt"), 1<<40)
	if _, err := f.ReadFile("/a.txt"); err == nil {
		t.Error("a terabyte was read")
	}
	if b, err := f.ReadFile("/app.wasm"); err != nil || string(b) != "w" {
		t.Error(string(b), err)
	}
}

func TestConditionsAndRanges(t *testing.T) {
	_, f := site(t)
	w := ask(f, "GET", "/a.txt", nil)
	tag, date := w.Header().Get("ETag"), w.Header().Get("Last-Modified")
	for _, c := range []struct {
		header map[string]string
		status int
		body   string
	}{
		{map[string]string{"If-None-Match": tag}, 304, ""},
		{map[string]string{"If-None-Match": `"other"`}, 200, "0123456789"},
		{map[string]string{"If-Modified-Since": date}, 304, ""},
		{map[string]string{"If-Match": `"other"`}, 412, ""},
		{map[string]string{"Range": "bytes=2-4"}, 206, "234"},
		{map[string]string{"Range": "bytes=-2"}, 206, "89"},
		{map[string]string{"Range": "bytes=20-"}, 416, ""},
		{map[string]string{"Range": "bytes=2-4", "If-Range": tag}, 206, "234"},
		{map[string]string{"Range": "bytes=2-4", "If-Range": `"other"`}, 200, "0123456789"},
	} {
		w := ask(f, "GET", "/a.txt", c.header)
		if w.Code != c.status || (c.body != "" && w.Body.String() != c.body) {
			t.Errorf("%v: %d %q", c.header, w.Code, w.Body)
		}
	}
	if w := ask(f, "HEAD", "/a.txt", nil); w.Code != 200 || w.Body.Len() != 0 ||
		w.Header().Get("Content-Length") != "10" {
		t.Error("HEAD:", w.Code, w.Header())
	}
}

func TestPrecompressed(t *testing.T) {
	_, f := site(t)
	tags := map[string]bool{}
	for accept, want := range map[string]string{"": "let x", "gzip": "GZ", "br, gzip": "BR",
		"gzip;q=0, br;q=0": "let x", "br;q=0.000,gzip": "GZ", "deflate": "let x"} {
		w := ask(f, "GET", "/app.js", map[string]string{"Accept-Encoding": accept})
		if w.Body.String() != want || w.Header().Get("Vary") != "Accept-Encoding" ||
			w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%q: %q %v", accept, w.Body, w.Header())
		}
		tags[w.Header().Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Error("each coding needs an ETag of its own:", tags)
	}
	if w := ask(f, "GET", "/old.css", map[string]string{"Accept-Encoding": "gzip"}); w.Body.String() != "new" {
		t.Error("an older precompressed file was served")
	}
}

func TestFolderReplaced(t *testing.T) {
	dir, f := site(t)
	ask(f, "GET", "/a.txt", nil)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if w := ask(f, "GET", "/a.txt", nil); w.Code != 404 {
		t.Error("files of a removed folder are served")
	}
	write(t, filepath.Join(dir, "a.txt"), "new")
	if w := ask(f, "GET", "/a.txt", nil); w.Body.String() != "new" {
		t.Error(w.Code, w.Body)
	}
}

func FuzzName(f *testing.F) {
	for _, p := range []string{"/", "/a/../b", "/%2e%2e/x", "/a//b", "/\x00"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		name, err := fileName(p)
		if err == nil && (strings.HasPrefix(name, "/") || name == ".." || strings.HasPrefix(name, "../") ||
			strings.Contains(name, "\x00")) {
			t.Errorf("%q became %q", p, name)
		}
	})
}

var _ http.Handler = (*File)(nil)

// A developer owns the folder and turns it, or one above it, to what the proxy may read.
func TestNoLinkOnTheWayToTheFolder(t *testing.T) {
	dir, f := site(t)
	private := t.TempDir()
	write(t, filepath.Join(private, "static/root.key"), "key")
	if w := ask(f, "GET", "/a.txt", nil); w.Code != 200 {
		t.Fatal(w.Code)
	}
	for _, turn := range []func() error{
		func() error { return os.Rename(dir, dir+".old") },
		func() error { return os.Symlink(filepath.Join(private, "static"), dir) },
		func() error { return os.Rename(filepath.Dir(dir), filepath.Dir(dir)+".old") },
		func() error { return os.Symlink(private, filepath.Dir(dir)) },
	} {
		if err := turn(); err != nil {
			t.Fatal(err)
		}
		if w := ask(f, "GET", "/root.key", nil); w.Code != 404 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestAPipeIsNoFile(t *testing.T) {
	dir, f := site(t)
	for _, name := range []string{"pipe", "a.txt.br"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if w := ask(f, "GET", "/pipe", nil); w.Code != 404 {
		t.Error(w.Code)
	}
	if w := ask(f, "GET", "/a.txt", map[string]string{"Accept-Encoding": "br"}); w.Body.String() != "0123456789" {
		t.Error(w.Code, w.Body)
	}
}

// A folder that is more than a site shows its pages alone.
func TestHideDots(t *testing.T) {
	dir, f := site(t)
	for _, name := range []string{".env", ".git/config", "sub/.env", ".well-known/security.txt", "nexushub.toml",
		"a.nexushub.toml", "..x/y", "sub/.well-known/x"} {
		write(t, filepath.Join(dir, name), "secret")
	}
	os.Symlink(".env", filepath.Join(dir, "linked"))
	f.HideDots = true
	for path, status := range map[string]int{
		"/": 200, "/index.html": 200, "/sub/": 200, "/.well-known/security.txt": 200, "/a.nexushub.toml": 200, "/./index.html": 200,
		"/.env": 404, "/%2eenv": 404, "/.git/config": 404, "/sub/.env": 404, "/sub//.env": 404, "/nexushub.toml": 404,
		"/%6eexushub.toml": 404, "/..x/y": 404, "/sub/.well-known/x": 404, "/.": 301,
	} {
		if got := ask(f, "GET", path, nil).Code; got != status {
			t.Errorf("%s: %d, want %d", path, got, status)
		}
	}
}
