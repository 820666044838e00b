package pack

import (
	"io"
	"io/fs"
	"path"

	"github.com/nexushub/nexushub/internal/beneath"
)

// Open shows what of a folder would be packed. Close it.
func Open(dir string) (fs.FS, io.Closer, error) {
	list, err := readIgnore(dir)
	if err != nil {
		return nil, nil, err
	}
	folder, err := beneath.Folder(dir)
	if err != nil {
		return nil, nil, err
	}
	return packed{folder.FS(), list}, folder, nil
}

type packed struct {
	fs.FS
	ignore ignore
}

// Open opens what would be packed.
func (p packed) Open(name string) (fs.File, error) {
	if p.leavesOut(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return p.FS.Open(name)
}

// ReadDir lists what would be packed.
func (p packed) ReadDir(name string) ([]fs.DirEntry, error) {
	if p.leavesOut(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	all, err := fs.ReadDir(p.FS, name)
	var list []fs.DirEntry
	for _, e := range all {
		if !p.ignore.match(path.Join(name, e.Name()), e.IsDir()) {
			list = append(list, e)
		}
	}
	return list, err
}

// leavesOut says that a folder above a name stays out.
func (p packed) leavesOut(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if p.ignore.match(dir, true) {
			return true
		}
	}
	return name != "." && p.ignore.match(name, false)
}
