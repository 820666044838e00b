package build

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// watcher bounds what a build writes. To add up its folders takes long, so that is done only when the
// disk has lost enough since the last time for the limit to be near.
type watcher struct {
	b       *Builder
	folders []string // in root
	most    int64
	root    string

	free int64 // when it was added up last
	left int64 // until the limit, then
}

// trimCache throws a cache away that leaves a build too little of what it may write.
func (b *Builder) trimCache(u units.Build) error {
	if u.Cache == "" {
		return nil
	}
	w := b.watch(u)
	w.folders = []string{u.Cache}
	used, err := w.used()
	if err == nil && used <= w.most/2 {
		return nil
	}
	if err == nil {
		b.o.Log.Info("the cache of an application's builds is thrown away: it takes more than half of build.disk",
			"instance", u.Instance, "bytes", used)
	}
	return b.remove(u.Cache)
}

func (b *Builder) watch(u units.Build) *watcher {
	w := &watcher{b: b, folders: []string{u.Work}, most: int64(b.o.Config().Build.Disk),
		root: filepath.Join(b.o.Root, units.BuildRoot)}
	if u.Cache != "" {
		w.folders = append(w.folders, u.Cache)
	}
	return w
}

// look is called while the build runs.
func (w *watcher) look() error {
	if err := disk.Check(w.root, disk.Room{}, w.b.floor()); err != nil {
		return &Failure{Why: "the disk of the host is nearly full, so the build was ended: " + err.Error(), Cause: err}
	}
	free, err := freeBytes(w.root)
	if err != nil {
		return err
	}
	if w.left > 0 && w.free-free < max(w.left/2, 16<<20) {
		return nil
	}
	w.free = free
	return w.within()
}

// within adds up what there is.
func (w *watcher) within() error {
	used, err := w.used()
	if err != nil {
		return err
	}
	if w.left = w.most - used; w.left <= 0 {
		return &Failure{Why: fmt.Sprintf("the build wrote more than %s, with the caches of the application "+
			"(build.disk in nexushub.toml), and was ended", manifest.Bytes(w.most))}
	}
	return nil
}

// used counts what takes place on the disk; a file with holes is as large as it is.
func (w *watcher) used() (sum int64, err error) {
	dir, err := beneath.Real(w.root)
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	for _, name := range w.folders {
		n, err := usage(dir, name, 0)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// maxDepth is of folders in each other. Who goes deeper only wants not to be counted.
const maxDepth = 500

var errTooDeep = &Failure{Why: fmt.Sprintf("the build made more than %d folders in each other, and was ended", maxDepth)}

// usage adds up a folder in which others make and remove names meanwhile.
func usage(in *beneath.Dir, name string, depth int) (sum int64, err error) {
	if depth > maxDepth {
		return 0, errTooDeep
	}
	dir, err := in.Dir(name)
	if vanished(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	for {
		names, err := dir.Names(1000)
		for _, base := range names {
			n, err := usageOf(dir, base, depth)
			if sum += n; err != nil {
				return sum, err
			}
		}
		if errors.Is(err, io.EOF) || vanished(err) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
	}
}

func usageOf(dir *beneath.Dir, base string, depth int) (int64, error) {
	info, err := dir.Lstat(base)
	if vanished(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	sum := int64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok { // each name of a file has its part
		sum = st.Blocks * 512 / max(int64(st.Nlink), 1)
	}
	if !info.IsDir() {
		return sum, nil
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		sum = st.Blocks * 512
	}
	below, err := usage(dir, base, depth+1)
	return sum + below, err
}

// vanished says that a name is gone, or another kind of thing by now.
func vanished(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, beneath.ErrLink) || errors.Is(err, unix.ENOTDIR)
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}
