package beneath

import (
	"io/fs"
)

// FS shows the folder to who reads through [fs.FS]: regular files and folders. No link is followed.
func (d *Dir) FS() fs.FS { return fsOf{d} }

type fsOf struct{ d *Dir }

// Open opens a regular file; folders are listed by ReadDir.
func (f fsOf) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	file, _, err := f.d.OpenRegular(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// ReadDir lists a folder.
func (f fsOf) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return f.d.ReadDir(name)
}
