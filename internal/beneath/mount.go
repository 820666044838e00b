package beneath

import "golang.org/x/sys/unix"

// MountPoint says whether something is mounted at name, so that it cannot be renamed.
func (d *Dir) MountPoint(name string) (mounted bool, err error) {
	err = d.at("statx", name, func(fd int, base string) error {
		var s unix.Statx_t
		err := unix.Statx(fd, base, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, 0, &s)
		mounted = s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
		return err
	})
	return mounted, err
}

// SyncFilesystem makes everything durable that was written to the folder's file system.
func (d *Dir) SyncFilesystem() error { return fail("syncfs", d.Name(), unix.Syncfs(int(d.f.Fd()))) }

// TryLock takes a lock on the folder that lasts until it is closed. It does not wait.
func (d *Dir) TryLock() error {
	return fail("lock", d.Name(), unix.Flock(int(d.f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}
