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

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAPendingFileTakesTheNameOfALink(t *testing.T) {
	tr := plant(t)
	before := names(t, tr.own)
	p, err := tr.Pending("file", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, tr.own); len(got) != len(before) {
		t.Errorf("a name before its time: %v", got)
	}
	if _, err := p.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	info, err := tr.Lstat("file")
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if got, err := os.ReadFile(tr.own + "/file"); string(got) != "new" || err != nil {
		t.Errorf("content = %q, %v", got, err)
	}
	if got := names(t, tr.own); len(got) != len(before) {
		t.Errorf("left behind: %v", got)
	}
	tr.untouched(t)
}

func TestADiscardedFileLeavesNothing(t *testing.T) {
	tr := plant(t)
	before := names(t, tr.own)
	p, err := tr.Pending("d/new", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if p, err = tr.Pending("d", 0o600); err != nil { // a folder cannot be replaced
		t.Fatal(err)
	}
	if err := p.Commit(); err == nil {
		t.Error("replaced a folder")
	}
	if got := names(t, tr.own); len(got) != len(before) {
		t.Errorf("left behind: %v", got)
	}
}

func TestExchangeAndLinkFollowNothing(t *testing.T) {
	tr := plant(t)
	if err := tr.Exchange("d", "rel"); err != nil {
		t.Fatal(err)
	}
	if info, err := tr.Lstat("rel"); err != nil || !info.IsDir() {
		t.Errorf("rel is %v, %v", info, err)
	}
	if err := tr.Link("file", "further"); err != nil {
		t.Fatal(err)
	}
	if info, err := tr.Lstat("further"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("further is %v, %v", info, err)
	}
	for _, name := range []string{"abs/secret", "../outside/secret"} {
		if tr.Exchange("rel/file", name) == nil || tr.Link("rel/file", name) == nil || tr.Link(name, "stolen") == nil {
			t.Errorf("%s was reached", name)
		}
	}
	tr.untouched(t)
}

// Who holds a lease on his file makes an open fail for as long as he likes.
func TestALeaseDoesNotHoldUp(t *testing.T) {
	tr := plant(t)
	f, err := os.Open(filepath.Join(tr.own, "d/file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.OpenRegular("d/file"); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("OpenRegular = %v", err)
	}
}

func TestNamesComeInPieces(t *testing.T) {
	tr := plant(t)
	var got []string
	for {
		some, err := tr.Names(2)
		if got = append(got, some...); err != nil {
			break
		}
	}
	if len(got) != 5 || !strings.Contains(strings.Join(got, " "), "inner") {
		t.Errorf("got %v", got)
	}
}
