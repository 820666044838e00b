package agent

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

// disk fills in what releases and uploads use, and what is left.
func disk(s *api.System, stateDir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(stateDir, &st); err != nil {
		return err
	}
	s.DiskFree = st.Bavail * uint64(st.Bsize)
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
