package release

import (
	"cmp"
	"time"

	"github.com/nexushub/nexushub/internal/disk"
)

// Limits bound what is unpacked. A bound that is zero is the default.
type Limits struct {
	MaxEntries  int           // files, folders and links, those that a path only implies included
	MaxUnpacked int64         // bytes
	MaxRatio    int64         // unpacked bytes per byte of zip, looked at from 1 MiB on
	MaxDepth    int           // folders of a path, and its last part
	MaxPath     int           // bytes of a path
	MaxNames    int64         // bytes of all paths together
	MaxTime     time.Duration // of checking and unpacking
	Free        disk.Room     // what must stay free on the file system
}

// DefaultLimits are 50,000 entries, 1 GiB unpacked and a ratio of 200:1, and what goes with them.
func DefaultLimits() Limits {
	return Limits{
		MaxEntries: 50_000, MaxUnpacked: 1 << 30, MaxRatio: 200,
		MaxDepth: 100, MaxPath: 1024, MaxNames: 16 << 20, MaxTime: 10 * time.Minute,
		Free: disk.Room{Bytes: 512 << 20, Inodes: 10_000},
	}
}

// filled has every bound.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	return Limits{
		MaxEntries: cmp.Or(l.MaxEntries, d.MaxEntries), MaxUnpacked: cmp.Or(l.MaxUnpacked, d.MaxUnpacked),
		MaxRatio: cmp.Or(l.MaxRatio, d.MaxRatio), MaxDepth: cmp.Or(l.MaxDepth, d.MaxDepth),
		MaxPath:  cmp.Or(l.MaxPath, d.MaxPath),
		MaxNames: cmp.Or(l.MaxNames, d.MaxNames), MaxTime: cmp.Or(l.MaxTime, d.MaxTime), Free: l.Free,
	}
}

// ratioFloor spares small packages: a megabyte cannot fill a disk at any ratio.
const ratioFloor = 1 << 20

// directoryBudget bounds the bytes of the central directory that are read, so that
// a directory of millions of entries is refused before it costs memory.
func (l Limits) directoryBudget() int64 { return int64(l.MaxEntries)*512 + 128<<10 }
