package release

import (
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/hostile"
)

func TestFits(t *testing.T) {
	disk := unix.Statfs_t{Bsize: 4096, Bavail: 100, Files: 1000, Ffree: 50} // 409,600 bytes, 50 inodes
	for _, c := range []struct {
		need, floor Room
		files       uint64
		want        string
	}{
		{Room{409_600, 50}, Room{}, 1000, ""},
		{Room{409_601, 0}, Room{}, 1000, "409601 bytes needed"},
		{Room{1, 0}, Room{409_600, 0}, 1000, "upload.free_space"},
		{Room{0, 51}, Room{}, 1000, "51 inodes needed"},
		{Room{0, 41}, Room{0, 10}, 1000, "upload.free_inodes"},
		{Room{0, 41}, Room{0, 10}, 0, ""}, // makes inodes as it goes
		{Room{}, Room{0, 51}, 1000, "upload.free_inodes"},
	} {
		disk.Files = c.files
		err := fits(disk, c.need, c.floor)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v beside %+v: got %v, want %q", c.need, c.floor, err, c.want)
		}
	}
}

// A package of few bytes needs an inode and up to a block for each folder.
func TestImportLooksAtInodes(t *testing.T) {
	limits := testLimits()
	limits.Free.Inodes = math.MaxInt64 / 2
	s := openStore(t, limits)
	_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App)))
	if !errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), "inodes needed") {
		t.Errorf("got %v, want ErrNoSpace", err)
	}
	if left := leftovers(t, s); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	a := archive{tree: newTree(limits.filled()), unpacked: 10}
	if err := a.tree.add("a/b/c", 0); err != nil {
		t.Fatal(err)
	}
	if got := a.room(); got != (Room{10 + 5*block, 5}) {
		t.Errorf("got %+v", got)
	}
}

// Others fill the disk while a package is unpacked: the floor is looked at again.
func TestUnpackerLooksAgain(t *testing.T) {
	full := Limits{Free: Room{Bytes: math.MaxInt64 / 2}}
	root := openRoot(t)
	for name, u := range map[string]*unpacker{
		"entries": {entries: lookEntries - 1},
		"bytes":   {bytes: lookBytes},
	} {
		u.a, u.root, u.dir = &archive{limits: full}, root, root.Name()
		if err := u.look(); !errors.Is(err, ErrNoSpace) {
			t.Errorf("%s: got %v, want ErrNoSpace", name, err)
		}
		if err := u.look(); err != nil {
			t.Errorf("%s: looked twice in a row: %v", name, err)
		}
	}
}
