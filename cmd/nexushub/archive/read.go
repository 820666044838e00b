package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/beneath"
)

// Archive is a backup that is open for reading.
type Archive struct {
	file *os.File
	need map[string]cost // by parent, after Check
	// Notes says what the archive was marked with when it was made, after Check.
	Notes []Note
}

// Open opens a backup. It decides what runs here as whom, so it must belong to root or to
// one of trusted, and nobody else may have been able to write to it.
func Open(file string, trusted ...int) (*Archive, error) {
	f, info, err := beneath.Named(file)
	if err != nil {
		return nil, err
	}
	if err := checkOwner(file, info, trusted); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Archive{file: f}, nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.file.Close() }

// entry is a header of the archive and its content.
type entry struct {
	*tar.Header
	sparse  bool
	pieces  []segment // of a sparse file
	content io.Reader
}

// stored is how much content there is in the archive.
func (e entry) stored() int64 {
	if e.sparse {
		return total(e.pieces)
	}
	return e.Size
}

// each reads the archive from the beginning to its very end.
func (a *Archive) each(ctx context.Context, visit func(entry) error) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := gzip.NewReader(bufio.NewReader(a.file))
	if err != nil {
		return fmt.Errorf("%s is not a backup: %w: %w", a.file.Name(), err, api.Invalid)
	}
	in := reader{ctx, z}
	t := tar.NewReader(in)
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return a.checkEnd(in)
		}
		if err == nil {
			t, err = visitEntry(t, in, head, visit)
		}
		if err != nil {
			return a.readError(err)
		}
	}
}

// readError says where, and in words what a copy that was broken off looks like.
func (a *Archive) readError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s is damaged or cut short: %w: %w", a.file.Name(), err, api.Invalid)
	}
	return fmt.Errorf("%s: %w", a.file.Name(), err)
}

// visitEntry visits an entry. archive/tar reads holes as zeros, which may take for ever; so the
// pieces of such a file are read past it, and a new reader goes on behind them.
func visitEntry(t *tar.Reader, in io.Reader, head *tar.Header, visit func(entry) error) (*tar.Reader, error) {
	list := head.PAXRecords[sparsePrefix+"map"]
	if list == "" {
		return t, visit(entry{Header: head, content: t})
	}
	if head.PAXRecords[sparsePrefix+"major"] == "1" {
		return nil, fmt.Errorf("%q has two maps of holes: %w", head.Name, api.Invalid)
	}
	pieces, err := parseMap(list)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", head.Name, err)
	}
	content := &io.LimitedReader{R: in, N: total(pieces)}
	if err := visit(entry{head, true, pieces, content}); err != nil {
		return nil, err
	}
	rest := content.N + padding(total(pieces))
	if n, err := io.CopyN(io.Discard, in, rest); n < rest {
		return nil, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return tar.NewReader(in), nil
}

// checkEnd reads what is behind the archive, so that its checksum is checked.
func (a *Archive) checkEnd(in io.Reader) error {
	switch n, err := io.CopyN(io.Discard, in, 1<<20); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return a.readError(err)
	default:
		return fmt.Errorf("%s has %d bytes or more after its end: %w", a.file.Name(), n, api.Invalid)
	}
}

// reader ends with the context, so that Ctrl-C does not wait for a large file.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Check reads the archive from end to end, refuses what no backup has, and adds up what
// it needs.
func (a *Archive) Check(ctx context.Context) error {
	a.need, a.Notes = map[string]cost{}, nil
	found := false
	err := a.each(ctx, func(e entry) error {
		if e.Typeflag == tar.TypeXGlobalHeader {
			a.addChanged(e.PAXRecords[recordChanged])
			return nil
		}
		t, rel, err := validate(e)
		if err != nil {
			return err
		}
		found = found || (rel == "" && t.owner != application && t != dumps)
		a.need[t.parent] = a.need[t.parent].plus(e)
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("%s is not a backup: it has none of our folders: %w", a.file.Name(), api.Invalid)
	}
	return err
}

func (a *Archive) addChanged(name string) {
	if t, rel, err := treeOf(name); err == nil && name != "" {
		a.Notes = append(a.Notes,
			Note{Tree: t.label(), Name: strings.TrimPrefix(rel, "/"), Text: errChanged.Error() + " for the backup"})
	}
}
