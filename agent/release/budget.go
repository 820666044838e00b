package release

import (
	"archive/zip"
	"io"
)

// budgetReaderAt fails with errDirectoryTooLarge once more than left bytes were read.
// It remembers where it was read last: the zip's own reader keeps that to itself.
type budgetReaderAt struct {
	r    io.ReaderAt
	left int64
	last int64
}

func (b *budgetReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // an offset of 64 bits, and not an error that names our file
		return 0, zip.ErrFormat
	}
	n, err := b.r.ReadAt(p, off)
	b.last = off
	if b.left -= int64(n); b.left < 0 {
		return 0, errDirectoryTooLarge
	}
	return n, err
}
