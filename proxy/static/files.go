// Package static serves the files of one folder over HTTP: exact conditional and
// range requests (net/http's), precompressed .br and .gz beside the file, and no way
// out of the folder, neither by the path nor by a link in it. The way to the folder has
// no link either: it may be a developer's, who could turn one to what only the proxy may
// read.
package static

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/manifest"
)

// maxPage is what ReadFile reads at most.
const maxPage = 1 << 20

// Files is a folder to serve from. The folder need not exist yet.
type Files struct {
	// Denied, if there is one, is told of each file or folder that is there and may not be read,
	// by its name below the folder.
	Denied func(name string, err error)

	// HideDots hides what a package has beside its pages: names that begin with a dot, and its manifest.
	HideDots bool

	dir  string
	root atomic.Pointer[beneath.Dir]
}

// New serves from dir, a path without links.
func New(dir string) *Files { return &Files{dir: dir} }

// Open finds the file for a URL path as it was received; a folder means its
// index.html. The caller serves or closes it. What is not there, or not to be served, is
// [fs.ErrNotExist]; what may not be read is [fs.ErrPermission].
func (f *Files) Open(urlPath string) (*File, error) {
	name, err := fileName(urlPath)
	if err != nil {
		return nil, err
	}
	file, info, err := f.openFile(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return &File{files: f, name: name, file: file, info: info}, nil
	}
	file.Close()
	return f.index(name, strings.HasSuffix(urlPath, "/"))
}

// Check opens and closes a file by its name below the folder.
func (f *Files) Check(name string) error {
	file, _, err := f.openFile(name)
	if err != nil {
		return err
	}
	return file.Close()
}

func (f *Files) index(name string, slash bool) (*File, error) {
	name = path.Join(name, "index.html")
	file, info, err := f.openFile(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		file.Close()
		return nil, fs.ErrNotExist
	}
	return &File{files: f, name: name, file: file, info: info, redirect: !slash}, nil
}

// ReadFile returns the content of a small file.
func (f *Files) ReadFile(urlPath string) ([]byte, error) {
	file, err := f.Open(urlPath)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return beneath.ReadAll(file.file, maxPage)
}

// open returns the folder, opening it the first time that it is there. A folder that
// was replaced under its name is noticed.
func (f *Files) open() (*beneath.Dir, error) {
	if root := f.root.Load(); root != nil && f.current(root) {
		return root, nil
	}
	root, err := beneath.Real(f.dir)
	if err != nil {
		return nil, err
	}
	f.root.Store(root)
	return root, nil
}

func (f *Files) current(root *beneath.Dir) bool {
	now, err := os.Stat(f.dir)
	if err != nil {
		return false
	}
	then, err := root.Stat()
	return err == nil && os.SameFile(now, then)
}

var errPath = fmt.Errorf("static: invalid path: %w", fs.ErrNotExist)

// fileName turns a URL path into a name below the root.
func fileName(urlPath string) (string, error) {
	p, err := url.PathUnescape(urlPath)
	if err != nil || strings.ContainsAny(p, "\x00\\") || !strings.HasPrefix(p, "/") {
		return "", errPath
	}
	for s := range strings.SplitSeq(p, "/") {
		if s == ".." {
			return "", errPath
		}
	}
	if p = strings.TrimPrefix(path.Clean(p), "/"); p == "" {
		return ".", nil
	}
	return p, nil
}

// openFile opens a file or folder; what is neither is not there.
func (f *Files) openFile(name string) (file *os.File, info fs.FileInfo, err error) {
	root, err := f.open()
	switch {
	case f.HideDots && isHidden(name):
		err = fs.ErrNotExist
	case err == nil:
		file, info, err = root.Inside(name)
	}
	switch {
	case isMissing(err):
		err = fs.ErrNotExist
	case errors.Is(err, fs.ErrPermission) && f.Denied != nil:
		f.Denied(name, err)
	}
	return file, info, err
}

// isHidden: what is well known is for everybody (RFC 8615).
func isHidden(name string) bool {
	for i, part := range strings.Split(name, "/") {
		wellKnown := i == 0 && part == ".well-known"
		if strings.HasPrefix(part, ".") && part != "." && !wellKnown {
			return true
		}
	}
	return name == manifest.FileName
}

// isMissing says that there is nothing at a name that could be served.
func isMissing(err error) bool {
	for _, e := range []error{fs.ErrNotExist, fs.ErrInvalid, beneath.ErrLink, syscall.ENOTDIR, syscall.ENAMETOOLONG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
