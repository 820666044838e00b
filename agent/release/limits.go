package release

// Limits bound what is unpacked.
type Limits struct {
	MaxEntries  int   // files, folders and links
	MaxUnpacked int64 // bytes
	MaxRatio    int64 // unpacked bytes per byte of zip, looked at from 1 MiB on
	FreeSpace   int64 // bytes that must stay free on the file system
}

// DefaultLimits are the contract's: 10,000 entries, 1 GiB, 200:1, 512 MiB left free.
func DefaultLimits() Limits {
	return Limits{MaxEntries: 10_000, MaxUnpacked: 1 << 30, MaxRatio: 200, FreeSpace: 512 << 20}
}

// ratioFloor spares small packages: a megabyte cannot fill a disk at any ratio.
const ratioFloor = 1 << 20

// directoryBudget bounds the bytes of the central directory that are read, so that
// a directory of millions of entries is refused before it costs memory.
func (l Limits) directoryBudget() int64 { return int64(l.MaxEntries)*512 + 128<<10 }
