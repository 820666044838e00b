package upload

import (
	"crypto/md5" //nolint:gosec // clients promise MD5; SHA-256 is computed beside it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// digest hashes the chunks in order as far as they are contiguous.
type digest struct {
	md5, sha hash.Hash
	next     int // index of the next chunk
}

func newDigest() *digest { return &digest{md5: md5.New(), sha: sha256.New()} }

func (d *digest) add(r io.Reader) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if _, err := io.CopyBuffer(writeOnly{io.MultiWriter(d.md5, d.sha)}, r, *buf); err != nil {
		return err
	}
	d.next++
	return nil
}

func (d *digest) sums() (md5sum, sha256sum string) {
	return hex.EncodeToString(d.md5.Sum(nil)), hex.EncodeToString(d.sha.Sum(nil))
}

// verify compares with what was promised.
func (d *digest) verify(h Header) error {
	md5sum, sha := d.sums()
	switch {
	case h.MD5 != "" && h.MD5 != md5sum:
		return fmt.Errorf("%w: MD5 is %s, promised %s", ErrHash, md5sum, h.MD5)
	case h.SHA256 != "" && h.SHA256 != sha:
		return fmt.Errorf("%w: SHA-256 is %s, promised %s", ErrHash, sha, h.SHA256)
	}
	return nil
}

// writeOnly hides ReadFrom, which would allocate its own buffer.
type writeOnly struct{ io.Writer }
