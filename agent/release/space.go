package release

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// CheckSpace fails with ErrNoSpace unless need bytes fit below dir's file system
// with floor bytes to spare. It counts what root and others may use alike (f_bavail).
func CheckSpace(dir string, need, floor int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("statfs %s: %w", dir, err)
	}
	free := int64(st.Bavail) * st.Bsize
	if free-floor < need {
		return fmt.Errorf("%w: %d bytes needed, %d free of which %d are kept back", ErrNoSpace, need, free, floor)
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

// syncTree makes everything written on dir's file system durable with one call;
// one fsync for each of 10,000 files would take minutes on a disk.
func syncTree(dirfd int) error {
	if err := unix.Syncfs(dirfd); err != nil {
		return fmt.Errorf("syncfs: %w", err)
	}
	return nil
}
