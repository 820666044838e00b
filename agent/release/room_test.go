package release

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/hostile"
)

// A package of few bytes needs an inode and up to a block for each folder.
func TestImportLooksAtInodes(t *testing.T) {
	limits := testLimits()
	limits.Free.Inodes = math.MaxInt64 / 2
	s := openStore(t, limits)
	_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App)))
	if !errors.Is(err, disk.ErrNoSpace) || !strings.Contains(err.Error(), "inodes needed") {
		t.Errorf("got %v, want ErrNoSpace", err)
	}
	if left := leftovers(t, s); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	a := archive{tree: newTree(limits.filled()), unpacked: 10}
	if err := a.tree.add("a/b/c", 0); err != nil {
		t.Fatal(err)
	}
	if got := a.room(); got != (disk.Room{Bytes: 10 + 5*block, Inodes: 5}) {
		t.Errorf("got %+v", got)
	}
}

// Others fill the disk while a package is unpacked: the floor is looked at again.
func TestUnpackerLooksAgain(t *testing.T) {
	full := Limits{Free: disk.Room{Bytes: math.MaxInt64 / 2}}
	root := openRoot(t)
	for name, u := range map[string]*unpacker{
		"entries": {entries: lookEntries - 1},
		"bytes":   {bytes: lookBytes},
	} {
		u.a, u.root, u.dir = &archive{limits: full}, root, root.Name()
		if err := u.look(); !errors.Is(err, disk.ErrNoSpace) {
			t.Errorf("%s: got %v, want ErrNoSpace", name, err)
		}
		if err := u.look(); err != nil {
			t.Errorf("%s: looked twice in a row: %v", name, err)
		}
	}
}
