package proxy

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/proxyctl"
)

// asNobody runs do with the rights of a user to whom nothing belongs.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("run as root: owners decide here")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and end with the goroutine: no other one may get its rights
		if err := unix.Setfsuid(nobody); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}

// TestDescribe: who lacks what, and what to do about it, ready to be copied.
func TestDescribe(t *testing.T) {
	proxy := reader{"_nexushub-proxy", 990, 991}
	for want, d := range map[string]beneath.Denied{
		"/srv/s: _nexushub-proxy may not enter it (mode 0700, owner root): chmod o+x /srv/s": {
			Path: "/srv/s", Mode: 0o700, Enter: true},
		"/srv/s/a b: _nexushub-proxy may not read it (mode 0640, owner root): chmod o+r '/srv/s/a b'": {
			Path: "/srv/s/a b", Mode: 0o640},
		"/home/d: _nexushub-proxy may not enter it (mode 0750, owner another user): chmod o+x /home/d": {
			Path: "/home/d", Mode: 0o750, UID: nobody, GID: nobody, Enter: true},
		"/srv/s: _nexushub-proxy may not read it (mode 0077, owner user 990): chmod u+r /srv/s": {
			Path: "/srv/s", Mode: 0o077, UID: 990, GID: 991},
		"/srv/s: _nexushub-proxy may not read it (mode 0704, owner root): chmod g+r /srv/s": {
			Path: "/srv/s", Mode: 0o704, GID: 991},
		"/srv/s: _nexushub-proxy may not read it (mode 0644, owner root): its mode allows it, so look for": {
			Path: "/srv/s", Mode: 0o644},
	} {
		if got := describe(&d, proxy); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestUnreadableIsBounded: a tree of closed folders fills neither the memory nor the log.
func TestUnreadableIsBounded(t *testing.T) {
	var log counter
	u := unreadable{log: log.logger()}
	for i := range 10 * maxUnreadable {
		closed := &beneath.Denied{Path: fmt.Sprintf("/srv/%d", i%(2*maxUnreadable))}
		u.note("app", "/srv", closed, func() error { return closed })
	}
	if n := strings.Count(log.text(), "\n"); len(u.now("/srv")) != maxUnreadable || n != maxUnreadable {
		t.Errorf("%d are remembered, %d logged", len(u.list), n)
	}
}

// recorded is a client whose answer is kept.
type recorded struct {
	downstream
	method, path, accept string
	*httptest.ResponseRecorder
}

func (r *recorded) local(h http.Handler, x *exchange) {
	q := httptest.NewRequest(r.method, r.path, nil)
	q.Header.Set("Accept-Encoding", "br, gzip")
	h.ServeHTTP(r.ResponseRecorder, q)
	x.status = r.Code
}

// acceptsRecorded adds the method that has the name of a field.
type acceptsRecorded struct{ *recorded }

func (r acceptsRecorded) accept() string { return r.recorded.accept }

// TestUnreadableFiles: a file that is there and may not be read is 403, not 404 and not the
// page of a single-page application; the log names what is in the way, once, and the status
// as long as it is.
func TestUnreadableFiles(t *testing.T) {
	for _, c := range []struct {
		name, path, closed string
		mode               os.FileMode
		status             int
		body, says         string
	}{
		{"a file", "/a.txt", "a.txt", 0o600, 403, "", "may not read it (mode 0600, owner root): "},
		{"the folder", "/a.txt", "", 0o700, 403, "", "may not enter it (mode 0700, owner root): "},
		{"the folder, its index", "/", "", 0o700, 403, "", "may not enter it (mode 0700"},
		{"index.html", "/", "index.html", 0o600, 403, "", "may not read it (mode 0600"},
		{"a folder in the middle", "/sub/deep/x.txt", "sub", 0o700, 403, "", "may not enter it (mode 0700"},
		{"a folder that may be read alone", "/sub/deep/x.txt", "sub", 0o744, 403, "", "may not enter it (mode 0744"},
		{"index.html of a folder", "/sub/", "sub/index.html", 0o600, 403, "", "may not read it (mode 0600"},
		{"behind a link", "/link.txt", "sub/deep", 0o700, 403, "", "may not enter it (mode 0700"},
		{"a linked file", "/link.txt", "sub/deep/x.txt", 0o600, 403, "", "may not read it (mode 0600"},
		{"a blank in its name", "/with%20blank.txt", "with blank.txt", 0o600, 403, "", "may not read it (mode 0600"},
		{"a precompressed file", "/app.js", "app.js.br", 0o600, 200, "GZ", "may not read it (mode 0600"},
		{"page of an application", "/users/7", "index.html", 0o600, 403, "", "may not read it (mode 0600"},
		{"no page in place of a file", "/sub/deep/x", "sub", 0o700, 403, "", "may not enter it"},

		{"a folder that cannot be listed", "/a.txt", "", 0o711, 200, "a", ""},
		{"a folder in the middle, too", "/sub/", "sub", 0o711, 200, "sub", ""},
		{"nothing there", "/none.txt", "a.txt", 0o600, 404, "", ""},
	} {
		var log counter
		dir := filepath.Join(t.TempDir(), "site")
		for name, text := range map[string]string{"index.html": "home", "a.txt": "a", "sub/index.html": "sub",
			"sub/deep/x.txt": "x", "with blank.txt": "b", "app.js": "js", "app.js.br": "BR", "app.js.gz": "GZ"} {
			os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
			os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
		}
		os.Symlink("sub/deep/x.txt", filepath.Join(dir, "link.txt"))
		for up := filepath.Dir(dir); up != filepath.Clean(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
			os.Chmod(up, 0o755)
		}
		f := start(t, func(o *Options) { o.AccessLog, o.Log = false, log.logger() })
		f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
			StaticDir: dir, SPAFallback: true}))
		closed := filepath.Join(dir, c.closed)
		was, err := os.Stat(closed)
		if err != nil {
			t.Fatal(err)
		}
		os.Chmod(closed, c.mode)
		for range 2 {
			got := askAsNobody(t, f, c.path)
			if got.Code != c.status || (c.status == 200 && got.Body.String() != c.body) ||
				(c.status == 403 && strings.Contains(got.Body.String(), dir)) {
				t.Errorf("%s: %d %q", c.name, got.Code, got.Body)
			}
		}
		if n := log.count("may not be read"); n != strings.Count(c.says, "may not") ||
			!strings.Contains(log.text(), c.says) {
			t.Errorf("%s: %d lines: %s", c.name, n, log.text())
		}
		list := unreadableAsNobody(t, f)
		if (len(list) > 0) != (c.says != "") || (len(list) > 0 && (!strings.HasPrefix(list[0], closed+": ") ||
			!strings.Contains(list[0], c.says))) {
			t.Errorf("%s: %q", c.name, list)
		}
		os.Chmod(closed, was.Mode().Perm())
		if list := unreadableAsNobody(t, f); len(list) != 0 {
			t.Errorf("%s: can be read, yet %q", c.name, list)
		}
		if got := askAsNobody(t, f, c.path); c.status == 403 && got.Code != 200 {
			t.Errorf("%s: can be read, yet %d", c.name, got.Code)
		}
		f.stop()
	}
}

// askAsNobody has a request answered by a goroutine that may read little.
func askAsNobody(t *testing.T, f *fixture, path string) *httptest.ResponseRecorder {
	t.Helper()
	d := acceptsRecorded{&recorded{method: "GET", path: path, accept: chromePage,
		ResponseRecorder: httptest.NewRecorder()}}
	if path == "/none.txt" {
		d.recorded.accept = script
	}
	asNobody(t, func() {
		f.server.handle(&exchange{downstream: d, server: f.server, req: request{method: "GET", authority: appHost,
			path: path}})
	})
	return d.ResponseRecorder
}

func unreadableAsNobody(t *testing.T, f *fixture) (list []string) {
	t.Helper()
	asNobody(t, func() {
		route := f.server.snapshot.Load().instances[appID]
		list = route.unreadable()
	})
	return list
}

// TestUnreadableIsAsked by the agent, and is about the files that are served now.
func TestUnreadableIsAsked(t *testing.T) {
	var log counter
	f := start(t, func(o *Options) { o.Log = log.logger() })
	dir := t.TempDir() // below a folder that is root's alone
	os.WriteFile(filepath.Join(dir, "index.html"), nil, 0o644)
	r := proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady, StaticDir: dir}
	f.apply(table(r))
	askAsNobody(t, f, "/")
	if n := log.count("may not be read"); n != 1 {
		t.Errorf("%d lines", n)
	}
	list, err := f.client.Unreadable(context.Background(), appID) // root may
	if err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	askAsNobody(t, f, "/")
	r.StaticDir = filepath.Join(dir, "other")
	f.apply(table(r))
	if list := unreadableAsNobody(t, f); len(list) != 1 || !strings.HasPrefix(list[0], filepath.Dir(dir)+": ") {
		t.Error(list)
	}
	r.StaticDir = "/usr"
	f.apply(table(r))
	if list := unreadableAsNobody(t, f); len(list) != 0 {
		t.Error(list)
	}
	if list, err := f.client.Unreadable(context.Background(), "nobody's"); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}
