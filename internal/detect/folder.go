package detect

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Whoever made the folder may be hostile: this is all that is looked at.
const (
	maxFile    = 1 << 20 // bytes of one file
	maxBytes   = 4 << 20 // of all together
	maxFolders = 500
)

// folder is a bounded view of what is to be recognised. What cannot be read is not there, and no
// link is followed.
type folder struct {
	fsys  fs.FS
	lists map[string]map[string]fs.FileMode // kinds by name, by folder
	files map[string]string
	left  int
	pages []string // where a site may be
	asIs  bool     // nothing is built
}

func newFolder(fsys fs.FS) *folder {
	return &folder{fsys: fsys, lists: map[string]map[string]fs.FileMode{}, files: map[string]string{}, left: maxBytes,
		pages: append([]string{"."}, pagesIn...)}
}

// in is what stands in a folder. One behind a link is empty.
func (f *folder) in(dir string) map[string]fs.FileMode {
	if list, known := f.lists[dir]; known || len(f.lists) >= maxFolders {
		return list
	}
	f.lists[dir] = map[string]fs.FileMode{}
	if dir != "." && !f.isDir(dir) {
		return nil
	}
	entries, err := fs.ReadDir(f.fsys, dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		f.lists[dir][e.Name()] = e.Type()
	}
	return f.lists[dir]
}

func (f *folder) kind(name string) (fs.FileMode, bool) {
	kind, ok := f.in(path.Dir(name))[path.Base(name)]
	return kind, ok
}

// has says that there is something of this name, also a link.
func (f *folder) has(name string) bool {
	_, ok := f.kind(name)
	return ok && fs.ValidPath(name)
}

func (f *folder) isFile(name string) bool {
	kind, ok := f.kind(name)
	return ok && kind.IsRegular() && fs.ValidPath(name)
}

func (f *folder) isDir(name string) bool {
	kind, ok := f.kind(name)
	return ok && kind.IsDir() && fs.ValidPath(name)
}

// first is the first of names that is a file.
func (f *folder) first(names ...string) string {
	if i := slices.IndexFunc(names, f.isFile); i >= 0 {
		return names[i]
	}
	return ""
}

// names are the files of a folder whose names end so, sorted, with their folder.
func (f *folder) names(dir, suffix string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(f.in(dir))) {
		if full := path.Join(dir, name); strings.HasSuffix(name, suffix) && f.isFile(full) && plain(full) {
			found = append(found, full)
		}
	}
	return found
}

// folders are the folders in a folder, sorted, with it.
func (f *folder) folders(dir string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(f.in(dir))) {
		if full := path.Join(dir, name); f.isDir(full) && plain(full) {
			found = append(found, full)
		}
	}
	return found
}

// plain says that a name can be shown and put into a command as it is.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r > '~' || r <= ' ' || strings.ContainsRune("$\"'\\`*?[]{}<>|&;()!#~%^", r)
	})
}

// read is the text of a file; empty where it is too long, or no text.
func (f *folder) read(name string) string {
	text, known := f.files[name]
	if known || !f.isFile(name) {
		return text
	}
	text = f.head(name, maxFile+1)
	if len(text) > maxFile || !utf8.ValidString(text) {
		text = ""
	}
	f.files[name] = text
	return text
}

// head is how a file begins.
func (f *folder) head(name string, most int) string {
	if !f.isFile(name) || f.left <= 0 {
		return ""
	}
	file, err := f.fsys.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(min(most, f.left))))
	f.left -= len(data)
	if err != nil {
		return ""
	}
	return string(data)
}
