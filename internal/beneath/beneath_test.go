package beneath

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// tree is a folder of the attacker beside a folder that he must not reach.
type tree struct {
	*Dir
	own, outside string
}

func plant(t *testing.T) tree {
	t.Helper()
	base := t.TempDir()
	own, outside := filepath.Join(base, "own"), filepath.Join(base, "outside")
	for _, dir := range []string{own + "/d", outside} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, outside+"/secret", "root's")
	write(t, own+"/d/file", "mine")
	for _, link := range [][2]string{{"../outside", own + "/rel"}, {outside, own + "/abs"},
		{"../outside/secret", own + "/file"}, {"d", own + "/inner"}} {
		if err := os.Symlink(link[0], link[1]); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(own)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return tree{d, own, outside}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (tr tree) untouched(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(tr.outside)
	if err != nil || len(entries) != 1 {
		t.Fatalf("outside holds %v, %v", entries, err)
	}
	info, err := os.Stat(tr.outside)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Fatalf("outside is %v, %v", info.Mode(), err)
	}
	if got, err := os.ReadFile(tr.outside + "/secret"); err != nil || string(got) != "root's" {
		t.Fatalf("secret = %q, %v", got, err)
	}
}

func TestNoCallFollowsALink(t *testing.T) {
	calls := map[string]func(d *Dir, name string) error{
		"OpenFile": func(d *Dir, n string) error {
			f, err := d.OpenFile(n, os.O_RDWR|os.O_CREATE, 0o600)
			closeIf(f)
			return err
		},
		"Create":    func(d *Dir, n string) error { f, err := d.Create(n, 0o600); closeIf(f); return err },
		"Dir":       func(d *Dir, n string) error { _, err := d.Dir(n); return err },
		"Mkdir":     func(d *Dir, n string) error { return d.Mkdir(n, 0o700) },
		"MkdirAll":  func(d *Dir, n string) error { return d.MkdirAll(n, 0o700) },
		"Lstat":     func(d *Dir, n string) error { _, err := d.Lstat(n); return err },
		"Readlink":  func(d *Dir, n string) error { _, err := d.Readlink(n); return err },
		"Symlink":   func(d *Dir, n string) error { return d.Symlink("x", n) },
		"ReadDir":   func(d *Dir, n string) error { _, err := d.ReadDir(n); return err },
		"Rename":    func(d *Dir, n string) error { return d.Rename("d/file", n) },
		"from":      func(d *Dir, n string) error { return d.Rename(n, "d/stolen") },
		"Lchown":    func(d *Dir, n string) error { return d.Lchown(n, os.Getuid(), os.Getgid()) },
		"Remove":    func(d *Dir, n string) error { return d.Remove(n) },
		"RemoveAll": func(d *Dir, n string) error { return d.RemoveAll(n) },
		"Replace":   func(d *Dir, n string) error { return d.Replace(n, strings.NewReader("x"), 0o600) },
	}
	for call, do := range calls {
		for _, name := range []string{"rel/secret", "abs/secret", "inner/../rel/secret", "rel/new/deeper",
			"../outside/secret", "/etc/hostname"} {
			t.Run(call+" "+strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
				tr := plant(t)
				if err := do(tr.Dir, name); err == nil {
					t.Errorf("no error")
				}
				tr.untouched(t)
			})
		}
	}
}

func closeIf(f *os.File) {
	if f != nil {
		f.Close()
	}
}

func TestTheLastComponentIsNotFollowed(t *testing.T) {
	tr := plant(t)
	for _, name := range []string{"rel", "abs", "file"} {
		if _, err := tr.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); !errors.Is(err, ErrLink) {
			t.Errorf("OpenFile(%s) = %v", name, err)
		}
		if err := tr.MkdirAll(name, 0o700); !errors.Is(err, ErrLink) {
			t.Errorf("MkdirAll(%s) = %v", name, err)
		}
		if info, err := tr.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("Lstat(%s) = %v, %v", name, info, err)
		}
		if err := tr.RemoveAll(name); err != nil {
			t.Errorf("RemoveAll(%s) = %v", name, err)
		}
	}
	tr.untouched(t)
}

func TestReplaceTakesTheNameOfALink(t *testing.T) {
	tr := plant(t)
	if err := tr.Replace("file", strings.NewReader("new"), 0o640); err != nil {
		t.Fatal(err)
	}
	f, info, err := tr.OpenRegular("file")
	if err != nil || info.Mode() != 0o640 {
		t.Fatalf("%v, %v", info, err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != "new" {
		t.Errorf("content = %q, %v", got, err)
	}
	tr.untouched(t)
}

func TestAFIFODoesNotBlock(t *testing.T) {
	tr := plant(t)
	if err := unix.Mkfifo(tr.own+"/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.OpenRegular("fifo"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("OpenRegular = %v", err)
	}
}

func TestRemoveAllRemovesATree(t *testing.T) {
	tr := plant(t)
	if err := tr.MkdirAll("d/a/b/c", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := tr.Symlink(tr.outside, "d/a/b/link"); err != nil {
		t.Fatal(err)
	}
	if err := tr.RemoveAll("d"); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Lstat("d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lstat = %v", err)
	}
	if err := tr.RemoveAll("d"); err != nil {
		t.Errorf("again: %v", err)
	}
	tr.untouched(t)
}

// The owner swaps a folder and a link as fast as he can while the tree is removed and
// written to.
func TestSwappedNamesLeadNowhere(t *testing.T) {
	tr := plant(t)
	done, stopped := make(chan struct{}), sync.WaitGroup{}
	stopped.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, tr.own+"/d", unix.AT_FDCWD, tr.own+"/rel", unix.RENAME_EXCHANGE)
			}
		}
	})
	for range 2000 {
		_ = tr.MkdirAll("d/sub", 0o700)
		_ = tr.Replace("d/secret", strings.NewReader("mine"), 0o600)
		_ = tr.RemoveAll("d/secret")
		_ = tr.RemoveAll("d/sub")
	}
	close(done)
	stopped.Wait()
	tr.untouched(t)
}
