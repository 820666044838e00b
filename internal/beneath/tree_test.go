package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// deep makes a chain of folders that no path can name, as its owner would.
func deep(t *testing.T, at string, levels int) {
	t.Helper()
	fd, err := unix.Open(at, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for range levels {
		if err == nil {
			err = unix.Mkdirat(fd, "d", 0o700)
		}
		next, e := unix.Openat(fd, "d", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err = errors.Join(err, e, unix.Close(fd)); err != nil {
			t.Fatal(err)
		}
		fd = next
	}
	if err := unix.Close(fd); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveAllIsBoundedByNoDepthOrWidth(t *testing.T) {
	tr := plant(t)
	deep(t, tr.own+"/d", 3000)
	for _, name := range strings.Fields(strings.Repeat("x ", 3*batch)) {
		f, err := os.CreateTemp(tr.own+"/d", name)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := tr.RemoveAll("d"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(tr.own + "/d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lstat = %v", err)
	}
	tr.untouched(t)
}

func TestWalkFollowsNoLinkAndEnds(t *testing.T) {
	tr := plant(t)
	var names []string
	visit := func(f Found) error { names = append(names, f.Name); return nil }
	for range 2 {
		names = nil
		if err := tr.Walk(visit); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names, " "); got != "abs d d/file file inner rel" {
			t.Errorf("walked %s", got)
		}
	}
	deep(t, tr.own+"/d", maxNested+2)
	if err := tr.Walk(visit); !errors.Is(err, ErrTooMuch) {
		t.Errorf("a tree without end: %v", err)
	}
}

func TestReadFileIsBounded(t *testing.T) {
	tr := plant(t)
	if err := os.Truncate(tr.own+"/d/file", 1<<40); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.ReadFile("d/file", 100); !errors.Is(err, ErrTooMuch) {
		t.Errorf("a terabyte: %v", err)
	}
	write(t, tr.own+"/d/small", "text")
	if got, err := tr.ReadFile("d/small", 4); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestInsideFollowsLinksThatStay(t *testing.T) {
	tr := plant(t)
	for name, want := range map[string]error{
		"inner/file": nil, "inner": nil, "rel": ErrLink, "abs": ErrLink, "file": ErrLink, "rel/secret": ErrLink, "../outside": ErrLink,
	} {
		f, _, err := tr.Inside(name)
		closeIf(f)
		if !errors.Is(err, want) {
			t.Errorf("Inside(%s) = %v, want %v", name, err, want)
		}
	}
	if err := unix.Mkfifo(tr.own+"/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.Inside("fifo"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a FIFO: %v", err)
	}
}

func TestRealTakesNoLinkOnTheWay(t *testing.T) {
	tr := plant(t)
	for name, want := range map[string]error{"/d": nil, "/inner": ErrLink, "/rel": ErrLink, "/abs/x": ErrLink,
		"/d/../d": nil} {
		d, err := Real(tr.own + name)
		if !errors.Is(err, want) {
			t.Errorf("Real(%s) = %v, want %v", name, err, want)
		}
		if err == nil {
			if at, err := d.Path(); err != nil || at != filepath.Clean(tr.own+name) {
				t.Errorf("Path = %s, %v", at, err)
			}
			d.Close()
		}
	}
}

// A link of another user leads only to what is his.
func TestNamedFollowsNobodyToWhatIsNotHis(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("run as root: owners decide here")
	}
	tr := plant(t)
	const dev, other = 12345, 12346
	write(t, tr.own+"/d/his", "his")
	write(t, tr.own+"/d/others", "other's")
	link := func(name, target string, uid int) {
		t.Helper()
		if err := errors.Join(os.Symlink(target, tr.own+"/"+name), os.Lchown(tr.own+"/"+name, uid, uid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chown(tr.own+"/d/his", dev, dev), os.Chown(tr.own+"/d/others", other, other)); err != nil {
		t.Fatal(err)
	}
	link("to-his", "d/his", dev)
	link("to-others", "d/others", dev)
	link("to-root", tr.outside+"/secret", dev)
	link("to-root-folder", "../outside", dev)
	link("by-root", tr.own+"/to-root", 0)
	link("round", "round", dev)
	for name, want := range map[string]error{
		"d": nil, "d/his": nil, "to-his": nil, "inner/others": nil, "abs/secret": nil,
		"to-others": ErrLink, "to-root": ErrLink, "to-root-folder": ErrLink, "to-root-folder/secret": ErrLink, "by-root": ErrLink, "round": ErrLink,
		"nowhere": fs.ErrNotExist,
	} {
		f, _, err := Named(tr.own + "/" + name)
		closeIf(f)
		if !errors.Is(err, want) {
			t.Errorf("Named(%s) = %v, want %v", name, err, want)
		}
	}
}

func TestNothingButFilesAndFoldersIsOpened(t *testing.T) {
	tr := plant(t)
	if err := unix.Mkfifo(tr.own+"/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{tr.own + "/fifo", "/dev/zero"} {
		if _, _, err := Named(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Named(%s) = %v", name, err)
		}
		if _, _, err := Regular(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Regular(%s) = %v", name, err)
		}
	}
	if _, _, err := Regular(tr.own); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Regular(folder) = %v", err)
	}
}
