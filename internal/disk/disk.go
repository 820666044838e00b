// Package disk checks that a file system has room before something is written to it.
package disk

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Room is an amount of a file system.
type Room struct{ Bytes, Inodes int64 }

// ErrNoSpace says that a disk or quota is full, or would be below its floor.
var ErrNoSpace = errors.New("no space left for the package")

// Check fails with ErrNoSpace unless need fits below dir's file system with floor
// to spare.
func Check(dir string, need, floor Room) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("statfs %s: %w", dir, err)
	}
	return fits(st, need, floor)
}

// fits counts what root and others may use alike (f_bavail). A file system that makes
// inodes as it goes says that it has none (btrfs); there is nothing to count then.
func fits(st unix.Statfs_t, need, floor Room) error {
	if free := int64(st.Bavail) * st.Bsize; free-floor.Bytes < need.Bytes {
		return fmt.Errorf("%w: %d bytes needed, %d free of which %d are kept back (upload.free_space)",
			ErrNoSpace, need.Bytes, free, floor.Bytes)
	}
	if free := int64(st.Ffree); st.Files > 0 && free-floor.Inodes < need.Inodes {
		return fmt.Errorf("%w: %d inodes needed, one for each file, folder and link, %d free of which %d are kept back (upload.free_inodes)",
			ErrNoSpace, need.Inodes, free, floor.Inodes)
	}
	return nil
}

// NoSpace turns the kernel's errors of a full disk or quota into ErrNoSpace.
func NoSpace(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}
