package beneath

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
)

// Bounds of what is read of a folder, which its owner can make as large as he likes.
const (
	maxEntries = 1 << 20 // of one folder
	maxNested  = 512     // folders in folders, far beyond what a path can name
)

// ErrTooMuch says that a file or folder too large to be read.
var ErrTooMuch = errors.New("too large to be read")

// Found is what a Walk has come to.
type Found struct {
	Name string // below the folder that was walked, slash-separated
	Info fs.FileInfo
	In   *Dir // the folder that it lies in
	Base string
}

// Walk calls visit for everything below d, in lexical order and a folder before what is
// in it. No link is followed. visit may return [fs.SkipDir] for a folder.
func (d *Dir) Walk(visit func(Found) error) error {
	again, err := d.Dir(".") // with a place of its own in the list of names
	if err != nil {
		return err
	}
	return errors.Join(again.walk("", 0, visit), again.Close())
}

func (d *Dir) walk(prefix string, depth int, visit func(Found) error) error {
	if depth > maxNested {
		return fail("walk", d.Name(), fmt.Errorf("more than %d nested folders: %w", maxNested, ErrTooMuch))
	}
	names, err := d.names()
	if err != nil {
		return err
	}
	for _, base := range names {
		info, err := d.Lstat(base)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			return err
		}
		found := Found{Name: path.Join(prefix, base), Info: info, In: d, Base: base}
		err = visit(found)
		if errors.Is(err, fs.SkipDir) && info.IsDir() {
			continue
		}
		if err == nil && info.IsDir() {
			err = d.walkInto(found, depth, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) walkInto(found Found, depth int, visit func(Found) error) error {
	sub, err := d.Dir(found.Base)
	if err != nil {
		return err
	}
	return errors.Join(sub.walk(found.Name, depth+1, visit), sub.Close())
}

// names lists the folder itself, sorted.
func (d *Dir) names() ([]string, error) {
	var all []string
	for {
		names, err := d.Names(batch)
		all = append(all, names...)
		if len(all) > maxEntries {
			return nil, fail("read", d.Name(), fmt.Errorf("more than %d names: %w", maxEntries, ErrTooMuch))
		}
		if errors.Is(err, io.EOF) {
			slices.Sort(all)
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ReadFile returns the content of a regular file of at most limit bytes.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	f, _, err := d.OpenRegular(name)
	if err != nil {
		return nil, err
	}
	content, err := ReadAll(f, limit)
	return content, errors.Join(err, f.Close())
}

// ReadAll reads r to its end, which must come within limit bytes, whatever it claims of
// its size.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, fmt.Errorf("more than %d bytes: %w", limit, ErrTooMuch)
	}
	return content, err
}
