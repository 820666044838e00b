package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// CacheDir holds what is expensive to make: root trees, machine images.
// NEXUSHUB_LAB_CACHE moves it.
func CacheDir() string {
	if dir := os.Getenv("NEXUSHUB_LAB_CACHE"); dir != "" {
		return dir
	}
	return "/var/cache/nexushub-lab"
}

// Tree returns the root tree of a suite, building it first (about 35 s) when the cache
// has none. Several builders wait for one. Progress goes to progress.
func Tree(s Suite, progress io.Writer) (string, error) { return TreeWith(s, nil, progress) }

// TreeWith is Tree of a machine that has more Debian packages. None of their services starts with it.
func TreeWith(s Suite, more []string, progress io.Writer) (string, error) {
	return Cached(s.key(more), progress, func(dir string) error {
		include, finish := slices.Concat(packages, more), finish
		if len(more) > 0 {
			finish += noServices
		}
		cmd := exec.Command("mmdebstrap", "--quiet", "--variant=minbase", "--include="+strings.Join(include, ","),
			"--customize-hook=chroot \"$1\" sh -c \"$LAB_FINISH\"", string(s), dir)
		cmd.Env = append(os.Environ(), "LAB_FINISH="+finish)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("mmdebstrap %s: %w\n%s", s, err, out)
		}
		return nil
	})
}

// Cached returns the cached entry of that name, made by build when it is missing. An
// entry is complete or not there; a build that was killed leaves nothing behind but
// a folder that the next build removes.
func Cached(name string, progress io.Writer, build func(path string) error) (string, error) {
	path := filepath.Join(CacheDir(), name)
	if err := os.MkdirAll(CacheDir(), 0o755); err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	lock, err := lockFile(path+".lock", unix.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	fmt.Fprintf(progress, "lab: building %s, once\n", path)
	partial := path + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	if err := build(partial); err != nil {
		return "", fmt.Errorf("lab: build %s: %w", name, errors.Join(err, os.RemoveAll(partial)))
	}
	return path, os.Rename(partial, path)
}

func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: lock %s: %w", path, err), f.Close())
	}
	return f, nil
}
