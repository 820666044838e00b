package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
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
		if err := unix.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}

// TestDeniedNamesTheWay: which folder or file it is that lacks what, wherever it is on the way
// and however one came there.
func TestDeniedNamesTheWay(t *testing.T) {
	tr := plant(t)
	for path := tr.own; path != filepath.Clean(os.TempDir()) && path != "/"; path = filepath.Dir(path) {
		os.Chmod(path, 0o755)
	}
	for _, c := range []struct {
		chmod string
		mode  fs.FileMode
		name  string
		enter bool
		ok    bool
	}{
		{"/d", 0o700, "d/file", true, false},
		{"/d", 0o700, "inner/file", true, false},
		{"/d", 0o744, "d/file", true, false},
		{"/d", 0o711, "d/file", false, true},
		{"/d", 0o711, "d", false, true},
		{"/d/file", 0o600, "d/file", false, false},
		{"/d/file", 0o600, "inner/file", false, false},
		{"", 0o700, "d/file", true, false},
		{"", 0o711, "d/file", false, true},
	} {
		was, err := os.Stat(tr.own + c.chmod)
		if err != nil {
			t.Fatal(err)
		}
		os.Chmod(tr.own+c.chmod, c.mode)
		asNobody(t, func() {
			root, err := Real(tr.own)
			if err != nil {
				t.Error(err)
				return
			}
			defer root.Close()
			f, _, err := root.Inside(c.name)
			closeIf(f)
			g, _, plain := root.OpenRegular("d/file")
			closeIf(g)
			if d := (*Denied)(nil); errors.As(plain, &d) && !c.enter {
				t.Errorf("%q %v: %s is in the way of what it lets by", c.chmod, c.mode, d.Path)
			}
			var d *Denied
			if errors.As(err, &d); (err == nil) != c.ok || (!c.ok && (d == nil || d.Path != tr.own+c.chmod ||
				d.Mode != c.mode || d.UID != 0 || d.Enter != c.enter || !errors.Is(err, fs.ErrPermission))) {
				t.Errorf("%q %v, %s: %v, %+v", c.chmod, c.mode, c.name, err, d)
			}
		})
		os.Chmod(tr.own+c.chmod, was.Mode().Perm())
	}
	os.Chmod(tr.own, 0o700)
	asNobody(t, func() {
		_, err := Real(tr.own + "/d")
		if d := (*Denied)(nil); !errors.As(err, &d) || d.Path != tr.own || !d.Enter {
			t.Error(err)
		}
	})
}
