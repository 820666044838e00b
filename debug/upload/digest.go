package upload

import (
	"crypto/md5" //nolint:gosec // clients promise MD5; SHA-256 is computed beside it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"
)

// digest hashes the chunks in order as far as they are contiguous. MD5, the slower one
// and one chain that cannot be split, is computed only for a client that has promised it.
type digest struct {
	md5, sha hash.Hash // md5 may be nil
	next     int       // index of the next chunk
}

func newDigest(promised Header) *digest {
	d := &digest{sha: sha256.New()}
	if promised.MD5 != "" {
		d.md5 = md5.New()
	}
	return d
}

func (d *digest) add(r io.Reader) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if _, err := io.CopyBuffer(writeOnly{d}, r, *buf); err != nil {
		return err
	}
	d.next++
	return nil
}

// Write feeds both hashes at once: each has a core of its own where there is one.
func (d *digest) Write(p []byte) (int, error) {
	if d.md5 == nil {
		return d.sha.Write(p)
	}
	var sha sync.WaitGroup
	sha.Go(func() { _, _ = d.sha.Write(p) }) // a hash takes everything, see hash.Hash
	defer sha.Wait()
	return d.md5.Write(p)
}

// sums are in hex; md5sum is empty where nobody has promised one.
func (d *digest) sums() (md5sum, sha256sum string) {
	if d.md5 != nil {
		md5sum = hex.EncodeToString(d.md5.Sum(nil))
	}
	return md5sum, hex.EncodeToString(d.sha.Sum(nil))
}

// verify compares with what was promised.
func (d *digest) verify(h Header) error {
	md5sum, sha := d.sums()
	switch {
	case h.MD5 != "" && h.MD5 != md5sum:
		return fmt.Errorf("%w: MD5 is %s, expected %s", ErrHash, md5sum, h.MD5)
	case h.SHA256 != "" && h.SHA256 != sha:
		return fmt.Errorf("%w: SHA-256 is %s, expected %s", ErrHash, sha, h.SHA256)
	}
	return nil
}

// writeOnly hides ReadFrom, which would allocate its own buffer.
type writeOnly struct{ io.Writer }
