package archive

import (
	"archive/tar"
	"errors"
	"io"
	"os"

	"github.com/nexushub/nexushub/internal/beneath"
)

// file archives a regular file. What it is comes from the descriptor; it may change all
// the same, so its content is cut or filled up with zeros to the size that was said.
func (k *walker) file(d *beneath.Dir, base, name string) error {
	f, info, err := d.OpenRegular(base)
	if err != nil {
		return err
	}
	defer f.Close()
	if first, again := k.alreadyArchived(info, name); again {
		return k.linkTo(info, first, name)
	}
	pieces, err := segments(k.ctx, f, info)
	if err != nil {
		return err
	}
	if err := k.charge(total(pieces)); err != nil {
		return err
	}
	head, err := headerOf(info, name, "")
	if err != nil {
		return err
	}
	out, err := k.writeHeader(head, pieces)
	if err != nil {
		return err
	}
	missing, err := k.content(out, f, pieces)
	if err != nil {
		return err
	}
	return k.markChanged(f, name, head.Size, missing)
}

// writeHeader writes the header of a file and returns where its content goes.
func (k *walker) writeHeader(head *tar.Header, pieces []segment) (io.Writer, error) {
	if dense(pieces, head.Size) {
		return k.tar, k.tar.WriteHeader(head)
	}
	if err := k.tar.Flush(); err != nil {
		return nil, err
	}
	_, err := k.out.Write(sparseHeader(head, pieces))
	return k.out, err
}

// content copies the pieces, and returns how many bytes were missing. An error is one of
// the archive.
func (k *walker) content(out io.Writer, f *os.File, pieces []segment) (missing int64, err error) {
	for _, p := range pieces {
		n, err := k.copyPiece(out, io.NewSectionReader(f, p.offset, p.length))
		if err == nil {
			err = k.zeros(out, p.length-n)
		}
		if err != nil {
			return 0, err
		}
		missing += p.length - n
	}
	if out == io.Writer(k.out) { // the padding is ours where the header is
		return missing, k.zeros(out, padding(total(pieces)))
	}
	return missing, nil
}

// copyPiece copies what can be read. Only what cannot be written is an error.
func (k *walker) copyPiece(out io.Writer, in io.Reader) (n int64, err error) {
	for {
		if err := k.ctx.Err(); err != nil {
			return n, err
		}
		m, readErr := in.Read(k.copy)
		if _, err := out.Write(k.copy[:m]); err != nil {
			return n, err
		}
		if n += int64(m); readErr != nil {
			return n, nil
		}
	}
}

func (k *walker) zeros(out io.Writer, n int64) error {
	clear(k.copy)
	for n > 0 {
		if err := k.ctx.Err(); err != nil {
			return err
		}
		m, err := out.Write(k.copy[:min(n, int64(len(k.copy)))])
		if n -= int64(m); err != nil {
			return err
		}
	}
	return nil
}

// markChanged marks a file that is not what it was when its header was written: in the
// archive, and for whoever made it.
func (k *walker) markChanged(f *os.File, name string, size, missing int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	text := errChanged.Error() + ": later content is left out"
	switch {
	case missing > 0:
		text = errChanged.Error() + ": padded with zeros"
	case info.Size() == size:
		return nil
	}
	if k.tree.owner == root {
		return errors.New(text)
	}
	k.addNote(name, text, missing > 0)
	mark := &tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{recordChanged: name}}
	return k.tar.WriteHeader(mark)
}
