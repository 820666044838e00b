package beneath

import (
	"math"

	"golang.org/x/sys/unix"
)

// Space is what a file system holds. One that does not count inodes has no end of them.
type Space struct {
	Total, Free        int64 // bytes; free to root
	Inodes, FreeInodes int64
}

// Space asks the file system that the folder is on.
func (d *Dir) Space() (Space, error) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(d.f.Fd()), &s); err != nil {
		return Space{}, fail("statfs", d.Name(), err)
	}
	space := Space{int64(s.Blocks) * s.Bsize, int64(s.Bfree) * s.Bsize, int64(s.Files), int64(s.Ffree)}
	if s.Files == 0 {
		space.FreeInodes = math.MaxInt64
	}
	return space, nil
}
