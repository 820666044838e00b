package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// local writes the bytes to disk and hashes them on the way, with nothing between.
func local() subject {
	path := filepath.Join(folder, "local")
	return subject{
		name: "write and hash locally",
		take: func(_ context.Context, data []byte) error {
			f, err := os.Create(path)
			if err != nil {
				return err
			}
			w := io.MultiWriter(f, md5.New(), sha256.New())
			_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{bytes.NewReader(data)}, make([]byte, 256<<10))
			return errors.Join(err, f.Sync(), f.Close())
		},
		clean: func(context.Context) error { return os.Remove(path) },
	}
}
