package archive

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/beneath"
)

// stickyWriter remembers that it failed: that is nobody's fault but the backup's.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (o *stickyWriter) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// writer is one archive in the making.
type writer struct {
	ctx   context.Context
	out   *stickyWriter
	tar   *tar.Writer
	note  func(Note)
	copy  []byte
	found bool // one of the trees is there
}

// Write archives the trees below base ("/"), with the state of the applications if data
// says so, and the databases that are given. What it could not take of the proxy's and the
// applications' is told to note; an error means that there is no archive. A host without any of
// the trees has no NexusHub, and an archive of nothing would only be believed to be a backup.
func Write(
	ctx context.Context, file io.Writer, base string, data bool, note func(Note), databases ...Dump,
) error {
	z := gzip.NewWriter(file)
	out := &stickyWriter{w: z}
	w := &writer{ctx: ctx, out: out, tar: tar.NewWriter(out), note: note, copy: make([]byte, 1<<20)}
	for _, t := range hostTrees {
		if err := w.tree(base, t); err != nil {
			return err
		}
	}
	if !w.found {
		return fmt.Errorf("there is no NexusHub on this host (no %s): %w", strings.Join(hostTreePaths(), ", no "),
			api.NotFound)
	}
	if data {
		if err := w.applications(base); err != nil {
			return err
		}
	}
	if err := w.databases(databases); err != nil {
		return err
	}
	return errors.Join(ctx.Err(), w.tar.Close(), z.Close())
}

func hostTreePaths() (paths []string) {
	for _, t := range hostTrees {
		paths = append(paths, t.label())
	}
	return paths
}

// tree archives one of ours; one that is not there was never used.
func (w *writer) tree(base string, t tree) error {
	parent, err := beneath.Open(filepath.Join(base, t.parent))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer parent.Close()
	return w.walk(parent, t)
}

func (w *writer) applications(base string) error {
	all, err := beneath.Open(filepath.Join(base, apps))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer all.Close()
	info, err := all.Stat()
	if err == nil {
		err = w.header(info, apps, "")
	}
	if err != nil {
		return err
	}
	entries, err := all.ReadDir(".") // root's folder: it has one name for each application
	for _, e := range entries {
		if err == nil && e.IsDir() {
			err = w.walk(all, appTree(e.Name()))
		}
	}
	return err
}

// walk archives the tree whose last component is in folder.
func (w *writer) walk(folder *beneath.Dir, t tree) error {
	k := &walker{writer: w, tree: t, seen: map[inode]string{}}
	d, err := folder.Dir(path.Base(t.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	w.found = true // also what cannot be read
	if err == nil {
		defer d.Close()
		err = k.setLimits(d)
	}
	if err != nil {
		return k.fileError(t.path(), err)
	}
	return k.dir(d, t.path())
}

// header writes the header of what has no content.
func (w *writer) header(info fs.FileInfo, name, link string) error {
	head, err := headerOf(info, name, link)
	if err != nil {
		return err
	}
	return w.tar.WriteHeader(head)
}

// headerOf leaves out the bits that give rights to whoever runs a file.
func headerOf(info fs.FileInfo, name, link string) (*tar.Header, error) {
	head, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	head.Name = name
	head.Mode &= 0o777
	if info.IsDir() {
		head.Name += "/"
		if info.Mode()&fs.ModeSticky != 0 {
			head.Mode |= 0o1000
		}
	}
	return head, nil
}
