package disk

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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
		if (err == nil) != (c.want == "") ||
			err != nil && (!errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v beside %+v: got %v, want %q", c.need, c.floor, err, c.want)
		}
	}
}
