package agent

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

// space is the size of the file system that dir is on, and what others than root may still use of it.
func space(dir string) (size, free uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return st.Blocks * uint64(st.Bsize), st.Bavail * uint64(st.Bsize), nil
}

// disk fills in what releases and uploads use, and what is left.
func disk(s *api.System, stateDir string) (err error) {
	if _, s.DiskFree, err = space(stateDir); err != nil {
		return err
	}
	for _, name := range []string{"releases", "uploads"} {
		n, err := size(filepath.Join(stateDir, name))
		if err != nil {
			return err
		}
		s.DiskUsed += n
	}
	return nil
}

// size sums the files below dir. What vanishes meanwhile does not count.
func size(dir string) (total uint64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			total += uint64(info.Size())
		}
		return nil
	})
	return total, err
}
